// Services and messages for Connect, straight from .proto files.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** What the .proto files in a folder, given relative to this one, describe. */
export function descriptors(folder) {
  const buf = path("../node_modules/.bin/buf");
  const set = execFileSync(buf, ["build", path(folder), "--output", "-"]);
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, set));
}

function path(relative) {
  return fileURLToPath(new URL(relative, import.meta.url));
}
