import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { sayHello, sayHelloSlowly } from "../../examples/greeter/web/small-client.js";
import { greetings, refusal, url } from "./support/greeter.js";

const { fetch } = globalThis;

afterEach(() => {
  globalThis.fetch = fetch;
});

test("the built-in client reads a stream however it is cut", async () => {
  const body = await answer(() => sayHelloSlowly("Ada", () => {}));
  for (const chunks of cuts(body)) {
    replay(chunks);
    const messages = [];
    await sayHelloSlowly("Ada", (message) => messages.push(message));
    assert.deepEqual(messages, greetings("Ada"));
  }
});

test("the built-in client reads an error however it is cut", async () => {
  const body = await answer(() => sayHello(""));
  for (const chunks of cuts(body)) {
    replay(chunks);
    await assert.rejects(sayHello(""), {
      code: 3,
      message: refusal.message,
      violations: [refusal.violation],
    });
  }
});

test("the built-in client takes a response that ends early for an error", async () => {
  const body = await answer(() => sayHello("Ada"));
  for (let length = 0; length < body.length; length += 1) {
    replay([body.subarray(0, length)]);
    await assert.rejects(sayHello("Ada"), { code: 2 });
  }
});

/** The body with which the greeter answers a call. */
async function answer(call) {
  let body;
  globalThis.fetch = async (path, init) => {
    const response = await fetch(url + path, init);
    body = new Uint8Array(await response.clone().arrayBuffer());
    return response;
  };
  await call().catch(() => {});
  return body;
}

/** Lets the next call be answered with these chunks. */
function replay(chunks) {
  const start = (controller) => {
    chunks.forEach((chunk) => controller.enqueue(chunk));
    controller.close();
  };
  globalThis.fetch = async () => new Response(new ReadableStream({ start }));
}

/** A body cut at each position in turn, and at all of them. */
function* cuts(body) {
  for (let at = 1; at < body.length; at += 1) yield [body.subarray(0, at), body.subarray(at)];
  yield Array.from(body, (byte) => Uint8Array.of(byte));
}
