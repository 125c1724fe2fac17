import improbable from "@improbable-eng/grpc-web";

// Not a module of its own kind: Node finds no named exports in it.
const { grpc } = improbable;

/** Starts a call. */
export function start({ url, method, request, metadata, timeout }, observer) {
  const descriptor = {
    methodName: method.name,
    service: { serviceName: method.service },
    requestStream: false,
    responseStream: method.streams,
    requestType: Object,
    responseType: { deserializeBinary: (bytes) => wrap(method.decode(bytes)) },
  };
  let resolve;
  const ended = new Promise((settle) => (resolve = settle));
  const call = grpc.invoke(descriptor, {
    host: url,
    request: { serializeBinary: () => method.encode(request) },
    // It has no deadlines; applications set the header.
    metadata: { ...metadata, ...(timeout && { "grpc-timeout": `${timeout}m` }) },
    onHeaders: (headers) => observer.headers(pairs(headers)),
    onMessage: ({ message }) => observer.message(message),
    onEnd(code, message, trailers) {
      observer.trailers(pairs(trailers));
      resolve({ code, message });
    },
  });
  const cancel = () => {
    resolve({ code: null, message: "" });
    call.close();
  };
  return { cancel, ended };
}

function wrap(message) {
  return { message, toObject: () => message };
}

function pairs(metadata) {
  return Object.entries(metadata.headersMap).map(([key, values]) => [key, values.join(", ")]);
}
