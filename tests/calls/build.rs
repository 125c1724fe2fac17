//! Generates the code of the protos that the tests call.

fn main() -> Result<(), protoc_gen_grpcweb::Error> {
    protoc_gen_grpcweb::configure()
        .build_blocking_client(true)
        .bytes(".calls.Note.data")
        .compile_protos(&["proto/calls.proto"], &["proto"])
}
