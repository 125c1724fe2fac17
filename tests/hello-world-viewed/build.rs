//! Generates the code of `helloworld.proto`.

fn main() -> Result<(), protoc_gen_grpcweb::Error> {
    protoc_gen_grpcweb::configure()
        .views(".helloworld.HelloRequest")
        .compile_protos(
            &["../../examples/greeter/proto/helloworld.proto"],
            &["../../examples/greeter/proto"],
        )
}
