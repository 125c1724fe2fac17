//! Generates the code of the greeter's `.proto` file.

fn main() -> Result<(), protoc_gen_grpcweb::Error> {
    protoc_gen_grpcweb::compile_protos("../greeter/proto/helloworld.proto")
}
