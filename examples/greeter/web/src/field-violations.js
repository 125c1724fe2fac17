// What an error says about the fields of the request: a google.rpc.BadRequest among the details of
// the google.rpc.Status that the error's metadata carries.

import { BinaryReader } from "google-protobuf";

const BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest";

/** The violations, `{ field, description }` each; none where the error has no such details. */
export function fieldViolations(metadata) {
  const status = metadata?.["grpc-status-details-bin"];
  if (!status) return [];
  return messages(bytesOf(status), 3)
    .filter((detail) => string(detail, 1) === BAD_REQUEST)
    .flatMap((detail) => messages(detail, 2))
    .flatMap((badRequest) => messages(badRequest, 1))
    .map((violation) => ({ field: string(violation, 1), description: string(violation, 2) }));
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function string(message, field) {
  return new TextDecoder().decode(messages(message, field).at(-1));
}

function messages(message, field) {
  const found = [];
  const reader = new BinaryReader(message);
  while (reader.nextField()) {
    if (reader.getFieldNumber() === field) found.push(reader.readBytes());
    else reader.skipField();
  }
  return found;
}
