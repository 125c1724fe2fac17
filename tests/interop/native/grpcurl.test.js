import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { makeCertificate } from "../support/certificate.js";
import { startServer } from "../support/interop-server.js";

const { GRPCURL } = process.env;
const PROTOS = fileURLToPath(new URL("../proto", import.meta.url));

const SERVICE = "grpc.testing.TestService";

const zeros = (size) => Buffer.alloc(size).toString("base64");

const status = (message) => ({ responseStatus: { code: 2, message } });

const SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

/** The name of each with its call: method, requests and options; and what is `expected` of it. */
const CASES = {
  empty_unary: {
    call: ["EmptyCall", [{}]],
    expect: (outcome) => assert.deepEqual(outcome, { error: "", messages: [{}] }),
  },

  large_unary: {
    call: ["UnaryCall", [{ responseSize: 314159, payload: { body: zeros(271828) } }]],
    expect: (outcome) => assertPayloads(outcome, [314159]),
  },

  client_streaming: {
    call: [
      "StreamingInputCall",
      [27182, 8, 1828, 45904].map((size) => ({ payload: { body: zeros(size) } })),
    ],
    expect: (outcome) =>
      assert.deepEqual(outcome, { error: "", messages: [{ aggregatedPayloadSize: 74922 }] }),
  },

  server_streaming: {
    call: [
      "StreamingOutputCall",
      [{ responseParameters: [31415, 9, 2653, 58979].map((size) => ({ size })) }],
    ],
    expect: (outcome) => assertPayloads(outcome, [31415, 9, 2653, 58979]),
  },

  full_duplex: {
    call: ["FullDuplexCall", [31415, 9, 2653].map((size) => ({ responseParameters: [{ size }] }))],
    expect: (outcome) => assertPayloads(outcome, [31415, 9, 2653]),
  },

  half_duplex: {
    call: ["HalfDuplexCall", [31415, 9, 2653].map((size) => ({ responseParameters: [{ size }] }))],
    expect: (outcome) => assertPayloads(outcome, [31415, 9, 2653]),
  },

  custom_metadata: {
    call: [
      "UnaryCall",
      [{}],
      "-v",
      ...["-H", "x-grpc-test-echo-initial: test_initial_metadata_value"],
      ...["-H", "x-grpc-test-echo-trailing-bin: q6ur"],
    ],
    expect({ error, output }) {
      assert.equal(error, "");
      const [, headers] = output.split("Response headers received:\n");
      assert.match(headers.split("\n\n")[0], /^x-grpc-test-echo-initial: test_initial_metadata_value$/m);
      const [, trailers] = output.split("Response trailers received:\n");
      assert.match(trailers, /^x-grpc-test-echo-trailing-bin: q6ur$/m);
    },
  },

  status_code_and_message: {
    call: ["UnaryCall", [status("test status message")]],
    expect: ({ error }) => assertError(error, "Unknown", "test status message"),
  },

  special_status_message: {
    call: ["UnaryCall", [status(SPECIAL)]],
    expect: ({ error }) => assertError(error, "Unknown", SPECIAL),
  },

  unimplemented_method: {
    call: ["UnimplementedCall", [{}]],
    expect: ({ error }) => assertError(error, "Unimplemented"),
  },

  unimplemented_service: {
    call: ["/grpc.testing.UnimplementedService/UnimplementedCall", [{}]],
    expect: ({ error }) => assertError(error, "Unimplemented"),
  },

  timeout_on_sleeping_server: {
    call: [
      "StreamingOutputCall",
      [{ responseParameters: [{ size: 9 }, { size: 9, intervalUs: 5_000_000 }] }],
      ...["-max-time", "0.5"],
    ],
    expect({ error, messages }) {
      assertError(error, "DeadlineExceeded");
      assert.equal(messages.length, 1);
    },
  },
};

for (const { name, security } of [
  { name: "grpcurl without TLS", security: () => ({ server: [], client: ["-plaintext"] }) },
  { name: "grpcurl over TLS", security: withCertificate },
]) {
  describe(name, () => {
    let options;
    let server;

    before(async () => {
      options = security();
      server = await startServer(options.server);
    });
    after(async () => {
      await server?.stop();
      options.remove?.();
    });

    for (const [caseName, { call, expect }] of Object.entries(CASES)) {
      test(caseName, async () => {
        const outcome = await run(server.url, options.client, call);
        // Only the metadata is read from what is meant for people.
        if (!call.includes("-v")) delete outcome.output;
        expect(outcome);
      });
    }
  });
}

function withCertificate() {
  const { cert, key, remove } = makeCertificate();
  return { server: ["--cert", cert, "--key", key], client: ["-cacert", cert], remove };
}

/** Makes a call: its messages from JSON, where that is all of its `output`, and its `error`. */
async function run(url, security, [method, requests, ...options]) {
  const path = method.startsWith("/") ? method.slice(1) : `${SERVICE}/${method}`;
  const protos = ["-import-path", PROTOS, "-proto", "grpc/testing/test.proto"];
  const common = [...security, ...protos, ...options, "-d", "@"];
  const grpcurl = spawn(GRPCURL, [...common, new URL(url).host, path]);
  grpcurl.stdin.end(requests.map((request) => JSON.stringify(request)).join("\n"));
  const exit = once(grpcurl, "exit");
  const [output, error] = await Promise.all([text(grpcurl.stdout), text(grpcurl.stderr)]);
  await exit;
  const messages = options.includes("-v") ? undefined : parse(output);
  return { output, error, messages };
}

/** Objects one after the other, each of which begins and ends in the first column. */
function parse(output) {
  return output
    .split(/(?<=^\}\n)/m)
    .filter((object) => object.trim())
    .map((object) => JSON.parse(object));
}

function assertPayloads({ error, messages }, sizes) {
  assert.equal(error, "");
  const bodies = messages.map(({ payload }) => Buffer.from(payload.body, "base64"));
  assert.deepEqual(bodies, sizes.map((size) => Buffer.alloc(size)));
}

function assertError(error, code, message) {
  const [, actualCode, actualMessage] = error.match(/^ERROR:\n  Code: (\w+)\n  Message: ([^]*)\n$/) ?? [];
  assert.equal(actualCode, code, error);
  if (message !== undefined) assert.equal(actualMessage, message);
}
