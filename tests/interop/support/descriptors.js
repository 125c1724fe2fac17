// Services and messages straight from .proto files, in folders given relative to this one.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** What the .proto files in a folder describe, for Connect. */
export function descriptors(folder) {
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet(folder)));
}

/** The `FileDescriptorSet` of the .proto files in a folder. */
export function descriptorSet(folder) {
  return execFileSync(path("../node_modules/.bin/buf"), ["build", path(folder), "--output", "-"]);
}

function path(relative) {
  return fileURLToPath(new URL(relative, import.meta.url));
}
