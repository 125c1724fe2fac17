import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";

// Calls that wait do so side by side. A browser has at most six connections over HTTP/1.1.
const AT_ONCE = 4;

/** Tests each of the clients with each of the cases in a place. */
export function suite({ name, open }, clients, cases) {
  describe(name, { concurrency: AT_ONCE }, () => {
    let place;
    before(async () => (place = await open()));
    after(() => place?.close());

    for (const [clientName, client] of Object.entries(clients)) {
      for (const [caseName, { call, expect }] of Object.entries(cases)) {
        test(`${caseName} with ${clientName}`, async () => {
          const id = call.id && randomUUID();
          const outcome = await place.run(clientName, { ...call, id });
          await expect(outcome, client, { reached: (state) => assertReached(place, id, state) });
        });
      }
    }
  });
}

/** Waits until the server sees the call in that state. */
async function assertReached(place, id, state) {
  const status = await place.statusOf(`/calls/${id}/${state}`);
  assert.equal(status, 200, `the call is not ${state} on the server`);
}
