// The cases that only native gRPC knows, in the form of `standard/cases.js`.

import assert from "node:assert/strict";

const OK = 0;
const CANCELLED = 1;
const UNKNOWN = 2;
const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;

const REQUESTED = [27182, 8, 1828, 45904];
const ANSWERED = [31415, 9, 2653, 58979];

const STATUS = { code: UNKNOWN, message: "test status message" };

const ECHOED = {
  "x-grpc-test-echo-initial": "test_initial_metadata_value",
  "x-grpc-test-echo-trailing-bin": [0xab, 0xab, 0xab],
};

const zeros = (size) => ({ body: Buffer.alloc(size).toString("base64") });

/** Requests of these sizes, each for an answer of another. */
const PING_PONG = REQUESTED.map((size, index) => ({
  payload: zeros(size),
  responseParameters: [{ size: ANSWERED[index] }],
}));

const SLEEP = { responseParameters: [{ size: 9, intervalUs: 2_000_000 }] };

export const nativeCases = {
  client_compressed_unary: {
    call: {
      method: "UnaryCall",
      request: { responseSize: 314159, expectCompressed: { value: true } },
      payloadSize: 271828,
    },
    expect(outcome, { compresses }) {
      if (compresses) assertMessages(outcome, [314159]);
      else assert.equal(outcome.code, INVALID_ARGUMENT);
    },
  },

  client_streaming: {
    call: { method: "StreamingInputCall", requests: REQUESTED.map((size) => ({ payload: zeros(size) })) },
    expect: (outcome) => assertMessages(outcome, [74922]),
  },

  ping_pong: {
    call: { method: "FullDuplexCall", requests: PING_PONG },
    expect: (outcome) => assertMessages(outcome, ANSWERED),
  },

  empty_stream: {
    call: { method: "FullDuplexCall", requests: [] },
    expect: (outcome) => assertMessages(outcome, []),
  },

  custom_metadata_full_duplex: {
    call: { method: "FullDuplexCall", requests: PING_PONG.slice(0, 1), metadata: ECHOED },
    expect(outcome) {
      assertMessages(outcome, ANSWERED.slice(0, 1));
      const [initial, trailing] = Object.keys(ECHOED);
      assert.equal(outcome.headers[initial], ECHOED[initial]);
      assert.deepEqual(outcome.trailers[trailing], ECHOED[trailing]);
    },
  },

  status_code_and_message_full_duplex: {
    call: { method: "FullDuplexCall", requests: [{ responseStatus: STATUS }] },
    expect: ({ code, message }) => assert.deepEqual({ code, message }, STATUS),
  },

  timeout_on_sleeping_full_duplex: {
    call: { method: "FullDuplexCall", requests: [...PING_PONG.slice(0, 1), SLEEP], timeout: 400, id: true },
    async expect(outcome, client, server) {
      assert.equal(outcome.code, DEADLINE_EXCEEDED);
      assert.deepEqual(outcome.sizes, ANSWERED.slice(0, 1));
      await server.reached("cancelled");
    },
  },

  cancel_full_duplex_after_first_response: {
    call: {
      method: "FullDuplexCall",
      // One request, in the midst of whose answers it is cancelled: grpc-node ends its requests in good
      // order before it resets the stream, and a server that waits for another one might see that first.
      requests: [{ responseParameters: [{ size: ANSWERED[0] }, ...SLEEP.responseParameters] }],
      id: true,
      cancel: "after a message",
    },
    async expect(outcome, client, server) {
      assert.equal(outcome.code, CANCELLED);
      assert.deepEqual(outcome.sizes, ANSWERED.slice(0, 1));
      await server.reached("cancelled");
    },
  },
};

function assertMessages({ code, message, sizes, zeros }, expected) {
  assert.deepEqual({ code, message }, { code: OK, message });
  assert.deepEqual(sizes, expected);
  assert.ok(zeros);
}
