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

// As gRPC says of "Trailers-Only".
const able = { ...ABLE, trailersOnly: true };

const clients = {
  "grpc-node": { ...able, compresses: false },
  "grpc-node that compresses": { ...able, compresses: true },
};

for (const place of [
  { name: "gRPC without TLS, compressed", open: () => open(["--compress"]) },
  { name: "gRPC over TLS", open: openWithTls },
]) {
  suite(place, clients, { ...cases, ...nativeCases });
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
  const statusOf = (resource) => fetchStatus(resource, certificate);
  return {
    run(name, call) {
      const start = starter(clients[name].compresses, certificate);
      return run({ start }, server.url, methods, call, statusOf);
    },
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
