import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const { PLUGIN } = process.env;
const buf = fileURLToPath(new URL("node_modules/.bin/buf", import.meta.url));
const protos = fileURLToPath(new URL("../generated/proto", import.meta.url));

function temporary(t) {
  const directory = mkdtempSync(join(tmpdir(), "buf-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** Runs `buf generate` with the settings of the plugin, and `then` with the directory of what it wrote. */
function generate(t, settings, input = protos, then = () => {}) {
  const directory = temporary(t);
  const template = { version: "v2", plugins: [{ local: PLUGIN, out: "out", ...settings }] };
  writeFileSync(join(directory, "buf.gen.yaml"), JSON.stringify(template));
  execFileSync(buf, ["generate", input], { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
  const out = join(directory, "out");
  then(out);
  return Object.fromEntries(readdirSync(out).map((name) => [name, readFileSync(join(out, name), "utf8")]));
}

/** Three packages, each in a directory of its own, of which one needs another. */
function directories(t) {
  const input = temporary(t);
  for (const [name, field] of [
    ["a", ""],
    ["b", "a.M m = 1;"],
    ["c", ""],
  ]) {
    mkdirSync(join(input, name));
    const needs = field && 'import "a/a.proto";';
    const proto = `syntax = "proto3"; package ${name}; ${needs} message M { ${field} }`;
    writeFileSync(join(input, name, `${name}.proto`), proto);
  }
  return input;
}

test("buf generates every package and the module that ties them together", (t) => {
  const files = generate(t, { strategy: "all" });
  const packages = Object.keys(files).filter((name) => name !== "mod.rs");
  assert.ok(packages.length > 10, packages.join());
  for (const name of packages) assert.ok(files["mod.rs"].includes(`include!("${name}");`), name);
});

test("buf generates the same files by its default strategy, where they are in one directory", (t) => {
  assert.deepEqual(generate(t, {}), generate(t, { strategy: "all" }));
});

test("with several directories, its default strategy takes a module that is written afterwards", (t) => {
  const input = directories(t);
  const all = generate(t, { strategy: "all" }, input);
  assert.deepEqual(Object.keys(all), ["a.rs", "b.rs", "c.rs", "mod.rs"]);
  const parts = generate(t, { opt: "package_files_only" }, input, (out) => {
    assert.ok(!readdirSync(out).includes("mod.rs"));
    execFileSync(PLUGIN, ["--modules", out]);
  });
  assert.deepEqual(parts, all);
});
