//! Generates the code of `slimmer_grpc/main.proto`.

fn main() -> Result<(), protoc_gen_grpcweb::Error> {
    protoc_gen_grpcweb::configure().compile_protos(&["proto/slimmer_grpc/main.proto"], &["proto"])
}
