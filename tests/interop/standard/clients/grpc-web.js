import { GrpcWebClientBase, MethodDescriptor, MethodType } from "grpc-web";

/** Starts calls in the format "text" or "binary". */
export function starter(format) {
  const client = new GrpcWebClientBase({ format });
  return (call, observer) => start(client, call, observer);
}

function start(client, { url, method, request, metadata, timeout }, observer) {
  const type = method.streams ? MethodType.SERVER_STREAMING : MethodType.UNARY;
  const descriptor = new MethodDescriptor(method.path, type, Object, Object, method.encode, method.decode);
  const headers = { ...metadata, ...(timeout && { deadline: String(Date.now() + timeout) }) };
  const call = [url + method.path, request, headers, descriptor];

  let resolve;
  const ended = new Promise((settle) => (resolve = settle));
  let status;
  let complete = false;
  // The metadata comes after an error that the server sent, and before any other.
  const settle = () => status && complete && resolve(status);
  const fail = ({ code, message, metadata }) => {
    observer.trailers(Object.entries(metadata ?? {}));
    status = { code, message };
    settle();
  };

  let stream;
  if (method.streams) {
    stream = client.serverStreaming(...call);
    stream.on("data", observer.message).on("error", fail);
    stream.on("end", () => {
      status ??= { code: 0, message: "" };
      settle();
    });
  } else {
    stream = client.rpcCall(...call, (error, message) => {
      if (error) return fail(error);
      observer.message(message);
      status = { code: 0, message: "" };
      settle();
    });
  }
  stream.on("metadata", (initial) => {
    observer.headers(Object.entries(initial));
    complete = true;
    settle();
  });
  stream.on("status", ({ metadata }) => observer.trailers(Object.entries(metadata ?? {})));
  const cancel = () => {
    resolve({ code: null, message: "" });
    stream.cancel();
  };
  return { cancel, ended };
}
