// The greeter that the tests call, and what it is known to answer.

import assert from "node:assert/strict";

export const url = fromEnvironment("GREETER_URL");
export const program = fromEnvironment("GREETER");

export const greetings = (name) =>
  ["Hello", "Hallo", "Bonjour", "Hola", "Ciao"].map((greeting) => `${greeting}, ${name}!`);

export const refusal = {
  message: "who is to be greeted?",
  violation: { field: "name", description: "must not be empty" },
};

/** The greeter pauses for 400 ms before each of its greetings; 1600 ms lie between first and last. */
export function assertSpreadOut(times) {
  assert.ok(times.at(-1) - times[0] >= 1000, `arrived all at once: ${times.join(", ")} ms`);
}

export function assertAtOnce(times) {
  assert.ok(times.at(-1) - times[0] < 400, `arrived one by one: ${times.join(", ")} ms`);
}

function fromEnvironment(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: these tests are started by tests/interop/run`);
  return value;
}
