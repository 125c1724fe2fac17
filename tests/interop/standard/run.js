// One call of one client, from what a case says about it to what is known when it is over. Both are
// plain data, because the call may be made in a page. Runs in Node and in pages.

import { fromPairs, toHeaders } from "./metadata.js";

/**
 * Makes the call that a case describes:
 *
 * - `service`, `method`, `request`: JSON; `payloadSize`: bytes of zeros to send; or `requests`: JSON
 * - `metadata`: strings, arrays of bytes for `-bin` keys
 * - `timeout`: milliseconds
 * - `id`: by which the server knows the call
 * - `cancel`: "once it runs" or "after a message"
 *
 * The outcome has the `code`, which is null where the client does not tell, and `message` of the
 * status; `headers` and `trailers`; of each message the size of its payload, or the one that it tells,
 * in `sizes`, and the milliseconds from the start of the call until it came in `times`; whether all
 * payloads are `zeros`; and the milliseconds that all took in `elapsed`.
 */
export async function run(client, url, methods, call, statusOf = fetchStatus) {
  const method = methods(call.service ?? "grpc.testing.TestService", call.method);
  const metadata = toHeaders({ ...call.metadata, ...(call.id && { "x-interop-call-id": call.id }) });
  const outcome = { sizes: [], zeros: true, times: [], headers: {}, trailers: {} };
  const start = performance.now();
  const elapsed = () => Math.round(performance.now() - start);
  const observer = {
    headers: (pairs) => Object.assign(outcome.headers, fromPairs(pairs)),
    trailers: (pairs) => Object.assign(outcome.trailers, fromPairs(pairs)),
    message({ payload, aggregatedPayloadSize }) {
      outcome.sizes.push(payload?.body.length ?? aggregatedPayloadSize ?? 0);
      outcome.zeros &&= payload?.body.every((byte) => byte === 0) ?? true;
      outcome.times.push(elapsed());
      if (call.cancel === "after a message") running.cancel();
    },
  };
  const request = method.request(call.request ?? {}, call.payloadSize);
  const requests = call.requests?.map((request) => method.request(request));
  const options = { metadata, timeout: call.timeout };
  const running = client.start({ url, method, request, requests, ...options }, observer);
  if (call.cancel === "once it runs") {
    const status = await statusOf(`${url}/calls/${call.id}/running`);
    if (status !== 200) throw new Error("the call does not run");
    running.cancel();
  }
  const status = await running.ended;
  return { ...outcome, ...status, elapsed: elapsed() };
}

async function fetchStatus(resource) {
  return (await fetch(resource)).status;
}
