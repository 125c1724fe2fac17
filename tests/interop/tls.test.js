import assert from "node:assert/strict";
import { once } from "node:events";
import { get } from "node:https";
import { connect } from "node:http2";
import { after, before, test } from "node:test";
import { makeCertificate } from "./support/certificate.js";
import { startServer } from "./support/interop-server.js";

const NOTHING = "/calls/nobody/nowhere";

let certificate;
let server;

before(async () => {
  certificate = makeCertificate();
  server = await startServer(["--cert", certificate.cert, "--key", certificate.key]);
});
after(async () => {
  await server?.stop();
  certificate.remove();
});

test("the interop server speaks HTTP/2 over TLS", async (t) => {
  const session = connect(server.url, { ca: certificate.pem });
  t.after(() => session.close());
  const request = session.request({ ":path": NOTHING });
  const [headers] = await once(request, "response");
  assert.equal(headers[":status"], 404);
  assert.equal(session.alpnProtocol, "h2");
  request.resume();
  await once(request, "end");
});

test("the interop server speaks HTTP/1.1 over TLS", async () => {
  const options = { ca: certificate.pem, ALPNProtocols: ["http/1.1"], agent: false };
  const [response] = await once(get(server.url + NOTHING, options), "response");
  assert.equal(response.statusCode, 404);
  assert.equal(response.socket.alpnProtocol, "http/1.1");
  response.resume();
  await once(response, "end");
});
