import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const { PLUGIN } = process.env;
const buf = fileURLToPath(new URL("node_modules/.bin/buf", import.meta.url));
const protos = fileURLToPath(new URL("../generated/proto", import.meta.url));

/** What `buf generate` writes with the strategy, by the names of the files. */
function generate(t, strategy) {
  const directory = mkdtempSync(join(tmpdir(), "buf-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const template = { version: "v2", plugins: [{ local: PLUGIN, out: "out", strategy }] };
  writeFileSync(join(directory, "buf.gen.yaml"), JSON.stringify(template));
  execFileSync(buf, ["generate", protos], { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
  const out = join(directory, "out");
  return Object.fromEntries(readdirSync(out).map((name) => [name, readFileSync(join(out, name), "utf8")]));
}

test("buf generates every package and the module that ties them together", (t) => {
  const files = generate(t, "all");
  const packages = Object.keys(files).filter((name) => name !== "mod.rs");
  assert.ok(packages.length > 10, packages.join());
  for (const name of packages) assert.ok(files["mod.rs"].includes(`include!("${name}");`), name);
});

test("buf generates the same files by its default strategy, where they are in one directory", (t) => {
  assert.deepEqual(generate(t, "directory"), generate(t, "all"));
});
