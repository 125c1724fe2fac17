//! Generates the code of `helloworld.proto`.

fn main() -> Result<(), protoc_gen_grpcweb::Error> {
    protoc_gen_grpcweb::configure()
        .build_blocking_client(true)
        .file_descriptor_set(true)
        .compile_protos(
            &["../../examples/greeter/proto/helloworld.proto"],
            &["../../examples/greeter/proto"],
        )
}
