//! Generates the code of the service.

fn main() -> Result<(), protoc_gen_grpcweb::Error> {
    protoc_gen_grpcweb::configure()
        .build_client(false)
        .compile_protos(&["../proto/hello.proto"], &["../proto"])
}
