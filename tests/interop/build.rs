//! Generates the code of the standard interoperability service.

fn main() -> Result<(), protoc_gen_grpcweb::Error> {
    protoc_gen_grpcweb::configure()
        .file_descriptor_set(true)
        .bytes(".grpc.testing.Payload.body")
        .compile_protos(&["proto/grpc/testing/test.proto"], &["proto"])
}
