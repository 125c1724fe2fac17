// The clients, and what each cannot do. Runs in Node and in pages.

import * as connect from "./clients/connect.js";
import * as grpcWeb from "./clients/grpc-web.js";
import * as improbable from "./clients/improbable.js";
import * as nice from "./clients/nice.js";
import * as protobufTs from "./clients/protobuf-ts.js";

/** What holds of a client where nothing else is said. */
export const ABLE = {
  /** Hands out each message of a stream when it comes, not all of them at the end. */
  incremental: true,
  /** Says how a call ended that was cancelled. */
  tellsOfCancel: true,
  /** Undoes the percent-encoding of `grpc-message`. */
  decodesMessage: true,
  /** Takes all metadata for trailing where a call fails without a message. */
  trailersOnly: false,
};

export const clients = {
  "grpc-web (text)": {
    ...ABLE,
    start: grpcWeb.starter("text"),
    // Calls nobody back after `cancel`.
    tellsOfCancel: false,
  },
  "grpc-web (binary)": {
    ...ABLE,
    start: grpcWeb.starter("binary"),
    tellsOfCancel: false,
    // An XMLHttpRequest has its bytes only once it is done.
    incremental: false,
  },
  "@improbable-eng/grpc-web": {
    ...ABLE,
    start: improbable.start,
    // Calls nobody back after `close`.
    tellsOfCancel: false,
  },
  "@connectrpc/connect-web": { ...ABLE, start: connect.start },
  "nice-grpc-web": { ...ABLE, start: nice.start },
  "@protobuf-ts/grpcweb-transport (binary)": {
    ...ABLE,
    start: protobufTs.starter("binary"),
    decodesMessage: false,
  },
  "@protobuf-ts/grpcweb-transport (text)": {
    ...ABLE,
    start: protobufTs.starter("text"),
    decodesMessage: false,
  },
};
