// The greeter's service for grpc-web. Otherwise `protoc` and two plugins write such a file, with a
// class for every message; they would have to be installed beside npm, and for one field in each
// direction grpc-web's own interface does as well.

import { BinaryReader, BinaryWriter } from "google-protobuf";
import { GrpcWebClientBase, MethodDescriptor, MethodType } from "grpc-web";

export class GreeterClient {
  #base;
  #url;

  /** `format` is "text" or "binary". With "binary", a stream arrives as a whole, at its end. */
  constructor(url, format) {
    this.#url = url;
    this.#base = new GrpcWebClientBase({ format });
  }

  sayHello(request) {
    return this.unary("SayHello", request);
  }

  sayHelloSlowly(request) {
    return this.#base.serverStreaming(
      ...this.#call("SayHelloSlowly", MethodType.SERVER_STREAMING, request),
    );
  }

  unary(method, request) {
    return this.#base.unaryCall(...this.#call(method, MethodType.UNARY, request));
  }

  #call(method, type, request) {
    const path = `/helloworld.Greeter/${method}`;
    const descriptor = new MethodDescriptor(path, type, Object, Object, writeRequest, readReply);
    return [this.#url + path, request, {}, descriptor];
  }
}

function writeRequest({ name }) {
  const writer = new BinaryWriter();
  writer.writeString(1, name);
  return writer.getResultBuffer();
}

function readReply(bytes) {
  const reply = { message: "" };
  const reader = new BinaryReader(bytes);
  while (reader.nextField()) {
    if (reader.getFieldNumber() === 1) reply.message = reader.readString();
    else reader.skipField();
  }
  return reply;
}
