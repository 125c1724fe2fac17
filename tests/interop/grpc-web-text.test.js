import assert from "node:assert/strict";
import { test } from "node:test";
import { assertSpreadOut, greetings, refusal } from "./support/greeter.js";
import { collect, fieldViolations, greeter } from "./support/grpc-web.js";

const client = greeter("text");

test("grpc-web in text mode gets the reply to a unary call", async () => {
  assert.deepEqual(await client.sayHello({ name: "Zoë" }), { message: "Hello, Zoë!" });
});

test("grpc-web in text mode gets the messages of a stream one by one", async () => {
  const { messages, times, status } = await collect(client.sayHelloSlowly({ name: "Ada" }));
  assert.deepEqual(messages, greetings("Ada"));
  assert.equal(status.code, 0);
  assertSpreadOut(times);
});

test("grpc-web in text mode gets the code, the message and the details of an error", async () => {
  await assert.rejects(client.sayHello({ name: "" }), (error) => {
    assert.equal(error.code, 3);
    assert.equal(error.message, refusal.message);
    assert.deepEqual(fieldViolations(error.metadata), [refusal.violation]);
    return true;
  });
});

test("grpc-web in text mode is told that a method does not exist", async () => {
  await assert.rejects(client.unary("SayGoodbye", { name: "Ada" }), { code: 12 });
});
