fn main() -> Result<(), protoc_gen_grpcweb::Error> {
    protoc_gen_grpcweb::compile_protos("proto/hello.proto")
}
