import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { program } from "./support/greeter.js";

const SECONDS = 1000;

test("Ctrl-C ends the greeter, though a client is still connected", async (t) => {
  const greeter = spawn(program, ["127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => greeter.kill("SIGKILL"));
  const lines = createInterface(greeter.stdout);
  const [line] = await once(lines, "line", { signal: AbortSignal.timeout(10 * SECONDS) });
  // Leaves its connection open for another call, as browsers do.
  await (await fetch(line.replace("listening on ", ""))).text();

  const exit = once(greeter, "exit", { signal: AbortSignal.timeout(5 * SECONDS) });
  greeter.kill("SIGINT");
  assert.deepEqual(await exit, [0, null]);
});
