// The health service, asked by grpc-go.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { startServer } from "../support/interop-server.js";

const { HEALTH } = process.env;
const SERVICE = "grpc.testing.TestService";
const PATIENCE = 10_000;

describe("grpc-go asks how the server is", () => {
  let server;

  before(async () => {
    server = await startServer();
  });
  after(() => server?.stop());

  async function set(status) {
    const { ok } = await fetch(`${server.url}/health/${status}`, { method: "POST" });
    assert.ok(ok);
  }

  function ask(command, service) {
    return spawn(HEALTH, [command, new URL(server.url).host, service]);
  }

  async function check(service) {
    const program = ask("check", service);
    const exit = once(program, "exit");
    const said = await text(program.stdout);
    const [code] = await exit;
    return [said, code];
  }

  test("a check passes for what serves and fails for what does not", async () => {
    assert.deepEqual(await check(""), ["SERVING\n", 0]);
    assert.deepEqual(await check(SERVICE), ["NotFound\n", 1]);
    await set("not-serving");
    assert.deepEqual(await check(SERVICE), ["NOT_SERVING\n", 1]);
    await set("serving");
    assert.deepEqual(await check(SERVICE), ["SERVING\n", 0]);
  });

  test("a channel is ready while the service serves", async () => {
    await set("serving");
    const program = ask("states", SERVICE);
    const states = lines(program);
    await states.until("READY");
    await set("not-serving");
    await states.until("TRANSIENT_FAILURE");
    await set("serving");
    await states.until("READY");
    const exit = once(program, "exit");
    program.stdin.end();
    await exit;
  });

  test("who watches is told of each change and of the end", async () => {
    await set("serving");
    const program = ask("watch", SERVICE);
    const said = lines(program);
    await said.until("SERVING");
    await set("not-serving");
    await said.until("NOT_SERVING");
    await set("serving");
    await said.until("SERVING");
    const exit = once(program, "exit");
    await set("shut-down");
    await said.until("NOT_SERVING");
    await said.until("Unavailable");
    await exit;
    assert.deepEqual(await check(""), ["NOT_SERVING\n", 1]);
  });
});

/** What a program prints, line by line. */
function lines(program) {
  const iterator = createInterface(program.stdout)[Symbol.asyncIterator]();
  return {
    async until(expected) {
      const timer = setTimeout(() => program.kill(), PATIENCE);
      for (;;) {
        const { value, done } = await iterator.next();
        assert.ok(!done, `the program ended before it said ${expected}`);
        if (value === expected) break;
      }
      clearTimeout(timer);
    },
  };
}
