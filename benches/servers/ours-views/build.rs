//! Generates the code of the service.

fn main() -> Result<(), protoc_gen_grpcweb::Error> {
    protoc_gen_grpcweb::configure()
        .build_client(false)
        .bytes(".bench.Payload")
        .views(".bench.IngestRequest")
        .compile_protos(&["../../proto/bench.proto"], &["../../proto"])
}
