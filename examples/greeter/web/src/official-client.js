// The page's client on the official grpc-web library. See `small-client.js` for the same without.

import { fieldViolations } from "./field-violations.js";
import { GreeterClient } from "./greeter-client.js";

// Text, because the library hands over a binary stream only when it has ended.
const greeter = new GreeterClient("", "text");

export async function sayHello(name) {
  try {
    return (await greeter.sayHello({ name })).message;
  } catch (error) {
    throw explained(error);
  }
}

export function sayHelloSlowly(name, onMessage) {
  return new Promise((resolve, reject) => {
    greeter
      .sayHelloSlowly({ name })
      .on("data", (reply) => onMessage(reply.message))
      .on("error", (error) => reject(explained(error)))
      .on("end", resolve);
  });
}

function explained(error) {
  return Object.assign(error, { violations: fieldViolations(error.metadata) });
}
