import { GrpcStatusCode, GrpcWebFetchTransport } from "@protobuf-ts/grpcweb-transport";
import { RpcError } from "@protobuf-ts/runtime-rpc";

/** Starts calls in the format "text" or "binary". */
export function starter(format) {
  return (call, observer) => start(format, call, observer);
}

function start(format, { url, method, request, metadata, timeout }, observer) {
  const transport = new GrpcWebFetchTransport({ baseUrl: url, format });
  const info = {
    name: method.name,
    service: { typeName: method.service },
    I: { toBinary: method.encode },
    O: { fromBinary: method.decode },
  };
  const abort = new AbortController();
  const options = transport.mergeOptions({ meta: metadata, timeout, abort: abort.signal });
  const call = method.streams
    ? transport.serverStreaming(info, request, options)
    : transport.unary(info, request, options);
  return { cancel: () => abort.abort(), ended: receive(call, method, observer) };
}

async function receive(call, method, observer) {
  try {
    observer.headers(Object.entries(await call.headers));
    if (method.streams) for await (const message of call.responses) observer.message(message);
    else observer.message(await call.response);
    await call.status;
    observer.trailers(Object.entries(await call.trailers));
    return { code: 0, message: "" };
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    observer.trailers(Object.entries(error.meta));
    return { code: GrpcStatusCode[error.code], message: error.message };
  }
}
