// Methods with the messages they take, for clients that bring no messages of their own. Runs in Node
// and in pages.

import { createFileRegistry, create, fromBinary, fromJson, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** The methods that a `FileDescriptorSet` in base64 describes, by the names of service and method. */
export function methodsOf(set) {
  const bytes = Uint8Array.from(atob(set), (character) => character.charCodeAt(0));
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
  return (service, name) => {
    const descriptor = registry.getService(service).methods.find((method) => method.name === name);
    const { input, output } = descriptor;
    return {
      descriptor,
      service,
      name,
      path: `/${service}/${name}`,
      kind: descriptor.methodKind,
      streams: descriptor.methodKind === "server_streaming",
      /** A request from its JSON, with a payload of so many zeros. */
      request(json, payloadSize) {
        const request = fromJson(input, json);
        if (payloadSize !== undefined) {
          const { message } = input.fields.find((field) => field.name === "payload");
          request.payload = create(message, { body: new Uint8Array(payloadSize) });
        }
        return request;
      },
      encode: (request) => toBinary(input, request),
      decode: (bytes) => fromBinary(output, bytes),
    };
  };
}
