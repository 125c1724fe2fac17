import { Client, Metadata, credentials } from "@grpc/grpc-js";

const GZIP = 2;

/** Starts calls, with requests that are compressed or not, over TLS where there is a certificate. */
export function starter(compresses, certificate) {
  const options = compresses ? { "grpc.default_compression_algorithm": GZIP } : {};
  if (!certificate) return (call, observer) => start(credentials.createInsecure(), options, call, observer);
  const security = credentials.createSsl(Buffer.from(certificate));
  // TLS knows no names that are addresses.
  options["grpc.ssl_target_name_override"] = "localhost";
  return (call, observer) => start(security, options, call, observer);
}

function start(security, channel, { url, method, request, requests, metadata, timeout }, observer) {
  const client = new Client(new URL(url).host, security, channel);
  const serialize = (request) => Buffer.from(method.encode(request));
  const options = timeout ? { deadline: Date.now() + timeout } : {};
  const common = [method.path, serialize, method.decode];
  const rest = [metadataOf(metadata), options];
  // The status tells all that an error does.
  const receive = (error, message) => message && observer.message(message);

  let call;
  switch (method.kind) {
    case "unary":
      call = client.makeUnaryRequest(...common, request, ...rest, receive);
      break;
    case "client_streaming":
      call = client.makeClientStreamRequest(...common, ...rest, receive);
      for (const request of requests) call.write(request);
      call.end();
      break;
    case "server_streaming":
      call = client.makeServerStreamRequest(...common, request, ...rest);
      call.on("data", observer.message);
      break;
    case "bidi_streaming":
      call = client.makeBidiStreamRequest(...common, ...rest);
      takeTurns(call, requests, observer);
      break;
  }
  // Without this, what the status tells as well would end the program.
  call.on("error", () => {});
  call.on("metadata", (initial) => observer.headers(pairs(initial)));
  const ended = new Promise((resolve) => {
    call.on("status", ({ code, details, metadata }) => {
      observer.trailers(pairs(metadata));
      client.close();
      resolve({ code, message: details });
    });
  });
  return { cancel: () => call.cancel(), ended };
}

/** Sends each request once the one before it is answered. */
function takeTurns(call, requests, observer) {
  const left = requests.values();
  const next = () => {
    const { value, done } = left.next();
    if (done) call.end();
    else call.write(value);
  };
  call.on("data", (message) => {
    observer.message(message);
    next();
  });
  next();
}

function metadataOf(headers) {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(headers)) {
    metadata.set(key, key.endsWith("-bin") ? Buffer.from(value, "base64") : value);
  }
  return metadata;
}

function pairs(metadata) {
  return Object.keys(metadata.getMap()).flatMap((key) => metadata.get(key).map((value) => [key, value]));
}
