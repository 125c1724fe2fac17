import { ClientError, Metadata, createChannel, createClientFactory } from "nice-grpc-web";

/** Starts a call. */
export function start({ url, method, request, metadata, timeout }, observer) {
  const definition = {
    call: {
      path: method.path,
      requestStream: false,
      responseStream: method.streams,
      requestSerialize: method.encode,
      responseDeserialize: method.decode,
      options: {},
    },
  };
  const client = createClientFactory().create(definition, createChannel(url));
  const abort = new AbortController();
  const options = {
    metadata: metadataOf(metadata, timeout),
    signal: abort.signal,
    onHeader: (header) => observer.headers(pairs(header)),
    onTrailer: (trailer) => observer.trailers(pairs(trailer)),
  };
  const ended = receive(client.call(request, options), method, observer);
  return { cancel: () => abort.abort(), ended };
}

function metadataOf(headers, timeout) {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(headers)) {
    if (key.endsWith("-bin")) metadata.set(key, Uint8Array.from(atob(value), (c) => c.charCodeAt(0)));
    else metadata.set(key, value);
  }
  // Its middleware for deadlines aborts by a timer and tells the server nothing.
  if (timeout) metadata.set("grpc-timeout", `${timeout}m`);
  return metadata;
}

function pairs(metadata) {
  return [...metadata].flatMap(([key, values]) => values.map((value) => [key, value]));
}

async function receive(response, method, observer) {
  try {
    if (method.streams) for await (const message of response) observer.message(message);
    else observer.message(await response);
    return { code: 0, message: "" };
  } catch (error) {
    if (error instanceof ClientError) return { code: error.code, message: error.details };
    if (error.name === "AbortError") return { code: 1, message: error.message };
    throw error;
  }
}
