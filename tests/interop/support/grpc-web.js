// Calls through the official grpc-web library, in Node.

import "./xml-http-request.js";
import { GreeterClient } from "../../../examples/greeter/web/src/greeter-client.js";
import { url } from "./greeter.js";

export { fieldViolations } from "../../../examples/greeter/web/src/field-violations.js";

export const greeter = (format) => new GreeterClient(url, format);

/** The messages of a stream with the times they came at, and the status that it ended with. */
export function collect(stream) {
  const start = performance.now();
  const result = { messages: [], times: [], status: undefined };
  return new Promise((resolve, reject) => {
    stream
      .on("data", ({ message }) => {
        result.messages.push(message);
        result.times.push(Math.round(performance.now() - start));
      })
      .on("status", (status) => (result.status = status))
      .on("error", reject)
      .on("end", () => resolve(result));
  });
}
