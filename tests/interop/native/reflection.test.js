// grpcurl without `.proto` files: the current one, which asks in v1, and one that knows v1alpha alone.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { startServer } from "../support/interop-server.js";

const run = promisify(execFile);

const SERVICES = [
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
  "grpc.testing.TestService",
];

for (const [name, program] of [
  ["grpcurl", process.env.GRPCURL],
  ["grpcurl of v1alpha", process.env.GRPCURL_V1ALPHA],
]) {
  describe(`${name} without protos`, () => {
    let server;
    let host;

    before(async () => {
      server = await startServer();
      host = new URL(server.url).host;
    });
    after(() => server?.stop());

    const grpcurl = async (...args) => (await run(program, ["-plaintext", ...args])).stdout;

    test("lists services and methods", async () => {
      assert.deepEqual((await grpcurl(host, "list")).trim().split("\n"), SERVICES);
      const methods = await grpcurl(host, "list", "grpc.health.v1.Health");
      assert.deepEqual(methods.trim().split("\n").sort(), [
        "grpc.health.v1.Health.Check",
        "grpc.health.v1.Health.List",
        "grpc.health.v1.Health.Watch",
      ]);
    });

    test("describes every service, a method, a message of another file, and an enum", async () => {
      for (const service of SERVICES) {
        assert.match(await grpcurl(host, "describe", service), new RegExp(`^${service} is a service:`));
      }
      const method = await grpcurl(host, "describe", "grpc.testing.TestService.UnaryCall");
      assert.match(method, /rpc UnaryCall \( \.grpc\.testing\.SimpleRequest \)/);
      const message = await grpcurl(host, "describe", "grpc.testing.SimpleRequest");
      assert.match(message, /\.grpc\.testing\.Payload payload = 3;/);
      const status = "grpc.health.v1.HealthCheckResponse.ServingStatus";
      assert.match(await grpcurl(host, "describe", status), /NOT_SERVING = 2;/);
      await assert.rejects(grpcurl(host, "describe", "grpc.testing.Nothing"), /not found/);
    });

    test("calls on the port that pages are on", async () => {
      const reply = await grpcurl("-d", '{"responseSize": 3}', host, "grpc.testing.TestService/UnaryCall");
      assert.deepEqual(JSON.parse(reply), { payload: { body: "AAAA" } });
      const health = await grpcurl(host, "grpc.health.v1.Health/Check");
      assert.deepEqual(JSON.parse(health), { status: "SERVING" });
    });
  });
}
