// Where the clients run, and the server they call from there.

import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import "../support/browser-globals.js";
import { makeCertificate } from "../support/certificate.js";
import { launch } from "../support/chromium.js";
import { descriptorSet } from "../support/descriptors.js";
import { startServer } from "../support/interop-server.js";
import { clients } from "./clients.js";
import { methodsOf } from "./methods.js";
import { run } from "./run.js";

/** In base64, as a page can be given it. */
const descriptors = descriptorSet("../proto").toString("base64");

/**
 * Each opens with a server of its own, until `close`. There, `run` makes a call with a client, and
 * `statusOf` fetches a resource of the server.
 */
export const places = [
  { name: "Node over HTTP/1.1", open: () => node([]) },
  { name: "Node over HTTP/1.1, compressed", open: () => node(["--compress"]) },
  { name: "Chromium over HTTP/1.1", open: () => chromium([]) },
  { name: "Chromium over HTTP/2, compressed", open: () => chromiumWithTls(["--compress"]) },
];

async function node(options) {
  const server = await startServer(options);
  const methods = methodsOf(descriptors);
  return {
    run: (client, call) => run(clients[client], server.url, methods, call),
    statusOf: async (path) => (await fetch(server.url + path)).status,
    close: () => server.stop(),
  };
}

/** HTTP/2, which browsers speak over TLS only. */
async function chromiumWithTls(options) {
  const { cert, key, remove } = makeCertificate();
  try {
    return await chromium([...options, "--cert", cert, "--key", key]);
  } finally {
    remove();
  }
}

/** A page of another origin than the server. */
async function chromium(options) {
  const [server, origin, browser] = await Promise.all([
    startServer(options),
    serveScript(fileURLToPath(new URL("page.js", import.meta.url))),
    launch(),
  ]);
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${origin.address().port}`);
  return {
    run: (client, call) =>
      page.evaluate((task) => globalThis.run(task), { client, url: server.url, descriptors, call }),
    statusOf: (path) => page.evaluate(async (url) => (await fetch(url)).status, server.url + path),
    async close() {
      await browser.close();
      origin.close();
      await server.stop();
    },
  };
}

/** Serves a page with the script and what it imports. */
async function serveScript(script) {
  const bundle = await build({ entryPoints: [script], bundle: true, format: "iife", write: false });
  const pages = {
    "/": { type: "text/html", body: '<!doctype html><script src="script.js"></script>' },
    "/script.js": { type: "text/javascript", body: bundle.outputFiles[0].text },
  };
  const server = createServer((request, response) => {
    const page = pages[request.url];
    if (!page) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": `${page.type}; charset=utf-8` }).end(page.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}
