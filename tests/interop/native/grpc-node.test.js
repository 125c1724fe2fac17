import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import { cases } from "../standard/cases.js";
import { ABLE } from "../standard/clients.js";
import { methodsOf } from "../standard/methods.js";
import { run } from "../standard/run.js";
import { suite } from "../standard/suite.js";
import { makeCertificate } from "../support/certificate.js";
import { descriptorSet } from "../support/descriptors.js";
import { startServer } from "../support/interop-server.js";
import { nativeCases } from "./cases.js";
import { starter } from "./grpc-node.js";

const methods = methodsOf(descriptorSet("../proto").toString("base64"));
// About what browsers cannot do.
const { server_compressed_unary_stays_plain, ...meant } = cases;

// As gRPC says of "Trailers-Only".
const grpcNode = { ...ABLE, trailersOnly: true };

for (const place of [
  { name: "gRPC without TLS", open: () => open() },
  { name: "gRPC over TLS", open: openWithTls },
]) {
  suite(place, { "grpc-node": grpcNode }, { ...meant, ...nativeCases });
}

async function openWithTls() {
  const { pem, cert, key, remove } = makeCertificate();
  try {
    return await open(["--cert", cert, "--key", key], pem);
  } finally {
    remove();
  }
}

async function open(options, certificate) {
  const server = await startServer(options);
  const start = starter(certificate);
  const statusOf = (resource) => fetchStatus(resource, certificate);
  return {
    run: (name, call) => run({ start }, server.url, methods, call, statusOf),
    statusOf: (path) => statusOf(server.url + path),
    close: () => server.stop(),
  };
}

async function fetchStatus(resource, ca) {
  const { get } = resource.startsWith("https:") ? https : http;
  const [response] = await once(get(resource, { ca }), "response");
  response.resume();
  return response.statusCode;
}
