import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAtOnce, greetings, refusal } from "./support/greeter.js";
import { collect, fieldViolations, greeter } from "./support/grpc-web.js";

const client = greeter("binary");

test("grpc-web in binary mode gets the reply to a unary call", async () => {
  assert.deepEqual(await client.sayHello({ name: "Zoë" }), { message: "Hello, Zoë!" });
});

test("grpc-web in binary mode gets every message of a stream, at its end", async () => {
  const { messages, times, status } = await collect(client.sayHelloSlowly({ name: "Ada" }));
  assert.deepEqual(messages, greetings("Ada"));
  assert.equal(status.code, 0);
  assertAtOnce(times);
});

test("grpc-web in binary mode gets the code, the message and the details of an error", async () => {
  await assert.rejects(client.sayHello({ name: "" }), (error) => {
    assert.equal(error.code, 3);
    assert.equal(error.message, refusal.message);
    assert.deepEqual(fieldViolations(error.metadata), [refusal.violation]);
    return true;
  });
});

test("grpc-web in binary mode gets the error of a stream that fails at once", async () => {
  await assert.rejects(collect(client.sayHelloSlowly({ name: "" })), (error) => {
    assert.equal(error.code, 3);
    assert.equal(error.message, refusal.message);
    assert.deepEqual(fieldViolations(error.metadata), [refusal.violation]);
    return true;
  });
});

test("grpc-web in binary mode is told that a method does not exist", async () => {
  await assert.rejects(client.unary("SayGoodbye", { name: "Ada" }), { code: 12 });
});
