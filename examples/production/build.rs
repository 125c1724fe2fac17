//! Generates the code of `warehouse.proto`, with what reflection tells of it.

fn main() -> Result<(), protoc_gen_grpcweb::Error> {
    protoc_gen_grpcweb::configure()
        .file_descriptor_set(true)
        .compile_protos(&["proto/warehouse/v1/warehouse.proto"], &["proto"])
}
