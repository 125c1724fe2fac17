//! Generates the clients of the standard test service.

fn main() -> Result<(), protoc_gen_grpcweb::Error> {
    let protos = "../../interop/proto";
    protoc_gen_grpcweb::configure()
        .build_blocking_client(true)
        .bytes(".grpc.testing.Payload.body")
        .compile_protos(&[format!("{protos}/grpc/testing/test.proto")], &[protos])
}
