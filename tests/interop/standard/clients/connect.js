import { ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";

/** Starts a call. */
export function start({ url, method, request, metadata, timeout }, observer) {
  const client = createClient(method.descriptor.parent, createGrpcWebTransport({ baseUrl: url }));
  const abort = new AbortController();
  const options = {
    headers: metadata,
    timeoutMs: timeout,
    signal: abort.signal,
    onHeader: observer.headers,
    onTrailer: observer.trailers,
  };
  return { cancel: () => abort.abort(), ended: receive(client, method, request, options, observer) };
}

async function receive(client, method, request, options, observer) {
  try {
    const response = client[method.descriptor.localName](request, options);
    if (method.streams) for await (const message of response) observer.message(message);
    else observer.message(await response);
    return { code: 0, message: "" };
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    // One map for what came before the messages and what came after them.
    observer.headers(error.metadata);
    observer.trailers(error.metadata);
    return { code: error.code, message: error.rawMessage };
  }
}
