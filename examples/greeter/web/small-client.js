// A gRPC-Web client for the greeter in one file, without any library: what a call is on the wire.
//
// Request and response are frames: a byte that says what it is, four bytes for the length, and
// that many bytes. Messages have the byte 0; the last frame has 0x80 and holds the trailers, which
// say how the call ended.

const HEADER = 5;
const TRAILERS = 0x80;
const BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest";

const UNKNOWN = 2;
const UNIMPLEMENTED = 12;
const UNAVAILABLE = 14;

/** How a call failed: `code` and `message`, and `violations` of `{ field, description }`. */
class CallError extends Error {
  constructor(code, message, violations = []) {
    super(message);
    Object.assign(this, { code, violations });
  }
}

export async function sayHello(name) {
  const replies = [];
  await call("SayHello", name, (message) => replies.push(message));
  if (replies.length !== 1) throw new CallError(UNIMPLEMENTED, `${replies.length} replies, not one`);
  return replies[0];
}

export function sayHelloSlowly(name, onMessage) {
  return call("SayHelloSlowly", name, onMessage);
}

async function call(method, name, onMessage) {
  const response = await reached(
    fetch(`/helloworld.Greeter/${method}`, {
      method: "POST",
      headers: { "content-type": "application/grpc-web+proto", "x-grpc-web": "1" },
      body: frame(encodeString(1, name)),
    }),
  );
  // A call that fails at once may be answered without a body, its status among the headers.
  let trailers = response.headers;
  if (response.ok && !trailers.has("grpc-status")) {
    for await (const { kind, payload } of frames(response.body)) {
      if (kind === TRAILERS) trailers = parseTrailers(payload);
      else onMessage(string(payload, 1));
    }
  }
  const status = trailers.get("grpc-status");
  if (status === null) throw new CallError(UNKNOWN, `ended without status (HTTP ${response.status})`);
  if (status !== "0") throw callError(status, trailers);
}

function callError(status, trailers) {
  const message = decodeURIComponent(trailers.get("grpc-message") ?? "");
  return new CallError(Number(status), message, violations(trailers));
}

/** What is awaited, or UNAVAILABLE: fetch does not say why a server could not be reached. */
async function reached(promise) {
  try {
    return await promise;
  } catch (error) {
    throw new CallError(UNAVAILABLE, error.message);
  }
}

// Frames

function frame(message) {
  const bytes = new Uint8Array(HEADER + message.length);
  new DataView(bytes.buffer).setUint32(1, message.length);
  bytes.set(message, HEADER);
  return bytes;
}

/** The frames of a body, each as soon as it is complete, wherever the network cuts the bytes. */
async function* frames(body) {
  const reader = body.getReader();
  let pending = new Uint8Array();
  try {
    for (;;) {
      const { done, value } = await reached(reader.read());
      if (done) break;
      pending = concat(pending, value);
      while (pending.length >= HEADER) {
        const length = new DataView(pending.buffer, pending.byteOffset).getUint32(1);
        const end = HEADER + length;
        if (pending.length < end) break;
        yield { kind: pending[0], payload: pending.subarray(HEADER, end) };
        pending = pending.subarray(end);
      }
    }
  } finally {
    // Ends the call where the frames are not read to their end.
    reader.cancel().catch(() => {});
  }
}

function parseTrailers(payload) {
  const trailers = new Headers();
  for (const line of new TextDecoder().decode(payload).split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) trailers.append(line.slice(0, colon), line.slice(colon + 1));
  }
  return trailers;
}

// Protocol Buffers

/** The google.rpc.BadRequest among the details of the google.rpc.Status in the trailers. */
function violations(trailers) {
  const status = atob(trailers.get("grpc-status-details-bin") ?? "");
  return fields(Uint8Array.from(status, (character) => character.charCodeAt(0)), 3)
    .filter((detail) => string(detail, 1) === BAD_REQUEST)
    .flatMap((detail) => fields(detail, 2))
    .flatMap((badRequest) => fields(badRequest, 1))
    .map((violation) => ({ field: string(violation, 1), description: string(violation, 2) }));
}

function encodeString(number, text) {
  const bytes = new TextEncoder().encode(text);
  const head = [(number << 3) | 2];
  let length = bytes.length;
  for (; length > 0x7f; length >>>= 7) head.push((length & 0x7f) | 0x80);
  return concat([...head, length], bytes);
}

function string(message, wanted) {
  return new TextDecoder().decode(fields(message, wanted).at(-1));
}

/** The bytes of every string, or message, or bytes field with the number. */
function fields(message, wanted) {
  const found = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++];
      value += (byte & 0x7f) * scale;
      if (!(byte & 0x80)) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const type = tag & 7;
    if (type === 0) varint();
    else if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else {
      const length = varint();
      if (tag >>> 3 === wanted) found.push(message.subarray(at, at + length));
      at += length;
    }
  }
  return found;
}

function concat(first, second) {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
