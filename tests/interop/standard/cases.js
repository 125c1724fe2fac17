// The cases: the call that is made, and what is to come of it. `server.reached`
// waits until the call is in a state on the server.

import assert from "node:assert/strict";

const OK = 0;
const CANCELLED = 1;
const UNKNOWN = 2;
const DEADLINE_EXCEEDED = 4;
const UNIMPLEMENTED = 12;

const HOUR = 60 * 60 * 1000;

const SIZES = [31415, 9, 2653, 58979];

const ECHOED = {
  "x-grpc-test-echo-initial": "test_initial_metadata_value",
  "x-grpc-test-echo-trailing-bin": [0xab, 0xab, 0xab],
};

const STATUS = { code: UNKNOWN, message: "test status message" };

const SPECIAL = { code: UNKNOWN, message: "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n" };

/** Requests a message every 150 ms. */
const SPREAD_OUT = SIZES.map((size, index) => ({ size, intervalUs: index === 0 ? 0 : 150_000 }));

/** Requests a message at once, and one two seconds later. */
const THEN_SLEEP = [{ size: 31415 }, { size: 9, intervalUs: 2_000_000 }];

/** The name of each with its `call`, and what is to be `expected` of its outcome. */
export const cases = {
  empty_unary: {
    call: { method: "EmptyCall" },
    expect: (outcome) => assertMessages(outcome, [0]),
  },

  empty_unary_with_deadline: {
    call: { method: "EmptyCall", timeout: 10_000 },
    expect: (outcome) => assertMessages(outcome, [0]),
  },

  // Nine digits of milliseconds, one more than the grammar of gRPC has.
  empty_unary_with_far_deadline: {
    call: { method: "EmptyCall", timeout: 48 * HOUR },
    expect: (outcome) => assertMessages(outcome, [0]),
  },

  large_unary: {
    call: { method: "UnaryCall", request: { responseSize: 314159 }, payloadSize: 271828 },
    expect: (outcome) => assertMessages(outcome, [314159]),
  },

  // No browser client can decompress a message; it would fail.
  server_compressed_unary: {
    call: {
      method: "UnaryCall",
      request: { responseSize: 314159, responseCompressed: { value: true } },
      payloadSize: 271828,
    },
    expect: (outcome) => assertMessages(outcome, [314159]),
  },

  server_streaming: {
    call: { method: "StreamingOutputCall", request: { responseParameters: SPREAD_OUT } },
    expect(outcome, { incremental }) {
      assertMessages(outcome, SIZES);
      const [first, last] = [outcome.times[0], outcome.times.at(-1)];
      assert.equal(last - first >= 150, incremental, `messages came at ${outcome.times} ms`);
    },
  },

  server_streaming_of_nothing: {
    call: { method: "StreamingOutputCall" },
    expect: (outcome) => assertMessages(outcome, []),
  },

  custom_metadata_unary: {
    call: { method: "UnaryCall", request: { responseSize: 5 }, metadata: ECHOED },
    expect(outcome) {
      assertMessages(outcome, [5]);
      assertEchoed(outcome);
    },
  },

  custom_metadata_streaming: {
    call: {
      method: "StreamingOutputCall",
      request: { responseParameters: [{ size: 5 }] },
      metadata: ECHOED,
    },
    expect(outcome) {
      assertMessages(outcome, [5]);
      assertEchoed(outcome);
    },
  },

  custom_metadata_of_failed_unary: {
    call: { method: "UnaryCall", request: { responseStatus: STATUS }, metadata: ECHOED },
    expect(outcome, { trailersOnly }) {
      assertStatus(outcome, STATUS);
      if (trailersOnly) outcome.headers = outcome.trailers;
      assertEchoed(outcome);
    },
  },

  custom_metadata_of_failed_streaming: {
    call: {
      method: "StreamingOutputCall",
      request: { responseParameters: [{ size: 5 }], responseStatus: STATUS },
      metadata: ECHOED,
    },
    expect(outcome) {
      assertStatus(outcome, STATUS);
      assert.deepEqual(outcome.sizes, [5]);
      assertEchoed(outcome);
    },
  },

  status_code_and_message_unary: {
    call: { method: "UnaryCall", request: { responseStatus: STATUS } },
    expect: (outcome) => assertStatus(outcome, STATUS),
  },

  status_code_and_message_streaming: {
    call: { method: "StreamingOutputCall", request: { responseStatus: STATUS } },
    expect: (outcome) => assertStatus(outcome, STATUS),
  },

  special_status_message: {
    call: { method: "UnaryCall", request: { responseStatus: SPECIAL } },
    expect(outcome, { decodesMessage }) {
      if (!decodesMessage) {
        assert.match(outcome.message, /^[\x20-\x7e]+$/);
        outcome.message = decodeURIComponent(outcome.message);
      }
      assertStatus(outcome, SPECIAL);
    },
  },

  unimplemented_method: {
    call: { method: "UnimplementedCall" },
    expect: (outcome) => assert.equal(outcome.code, UNIMPLEMENTED),
  },

  unimplemented_service: {
    call: { service: "grpc.testing.UnimplementedService", method: "UnimplementedCall" },
    expect: (outcome) => assert.equal(outcome.code, UNIMPLEMENTED),
  },

  timeout_on_sleeping_server: {
    call: {
      method: "StreamingOutputCall",
      request: { responseParameters: THEN_SLEEP },
      timeout: 400,
      id: true,
    },
    async expect(outcome, client, server) {
      assert.equal(outcome.code, DEADLINE_EXCEEDED);
      assert.deepEqual(outcome.sizes, [31415]);
      // Before the timer of grpc-web, which gives the server a second at least.
      assert.ok(outcome.elapsed < 1000, `it took ${outcome.elapsed} ms`);
      await server.reached("cancelled");
    },
  },

  cancel_after_begin: {
    call: {
      method: "StreamingOutputCall",
      request: { responseParameters: [{ size: 1, intervalUs: 20_000_000 }] },
      id: true,
      cancel: "once it runs",
    },
    async expect(outcome, { tellsOfCancel }, server) {
      assert.equal(outcome.code, tellsOfCancel ? CANCELLED : null);
      assert.deepEqual(outcome.sizes, []);
      await server.reached("cancelled");
    },
  },

  cancel_after_first_response: {
    call: {
      method: "StreamingOutputCall",
      request: { responseParameters: THEN_SLEEP },
      id: true,
      cancel: "after a message",
    },
    async expect(outcome, { tellsOfCancel, incremental }, server) {
      assert.equal(outcome.code, tellsOfCancel ? CANCELLED : null);
      // Where all come at once, the first comes when the call is over.
      assert.deepEqual(outcome.sizes, incremental ? [31415] : [31415, 9]);
      await server.reached(incremental ? "cancelled" : "ended");
    },
  },
};

function assertStatus({ code, message }, status) {
  assert.deepEqual({ code, message }, status);
}

function assertMessages(outcome, sizes) {
  assertStatus(outcome, { code: OK, message: outcome.message });
  assert.deepEqual(outcome.sizes, sizes);
  assert.ok(outcome.zeros, "there is something else in the payload than zeros");
}

function assertEchoed({ headers, trailers }) {
  const [initial, trailing] = Object.keys(ECHOED);
  assert.deepEqual(headers[initial], ECHOED[initial]);
  assert.deepEqual(trailers[trailing], ECHOED[trailing]);
}
