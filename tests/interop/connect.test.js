import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { descriptors } from "./support/descriptors.js";
import { assertSpreadOut, greetings, refusal, url } from "./support/greeter.js";

const transport = createGrpcWebTransport({ baseUrl: url });
const service = descriptors("../../../examples/greeter/proto").getService("helloworld.Greeter");
const badRequest = descriptors("../proto").getMessage("google.rpc.BadRequest");
const client = createClient(service, transport);

test("Connect gets the reply to a unary call", async () => {
  assert.equal((await client.sayHello({ name: "Zoë" })).message, "Hello, Zoë!");
});

test("Connect gets the messages of a stream one by one", async () => {
  const messages = [];
  const times = [];
  for await (const { message } of client.sayHelloSlowly({ name: "Ada" })) {
    messages.push(message);
    times.push(Math.round(performance.now()));
  }
  assert.deepEqual(messages, greetings("Ada"));
  assertSpreadOut(times);
});

test("Connect gets the code, the message and the details of an error", async () => {
  await assert.rejects(client.sayHello({ name: "" }), isRefusal);
});

test("Connect gets the error of a stream that fails at once", async () => {
  await assert.rejects(client.sayHelloSlowly({ name: "" })[Symbol.asyncIterator]().next(), isRefusal);
});

test("Connect is told that a method does not exist", async () => {
  const method = { ...service.method.sayHello, name: "SayGoodbye" };
  await assert.rejects(transport.unary(method, undefined, undefined, undefined, { name: "Ada" }), {
    code: Code.Unimplemented,
  });
});

function isRefusal(error) {
  assert.equal(error.code, Code.InvalidArgument);
  assert.equal(error.rawMessage, refusal.message);
  const violations = error.findDetails(badRequest).flatMap((detail) => detail.fieldViolations);
  assert.deepEqual(
    violations.map(({ field, description }) => ({ field, description })),
    [refusal.violation],
  );
  return true;
}
