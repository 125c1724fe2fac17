//! Generates the code of the service that is called through proxies.

fn main() -> Result<(), protoc_gen_grpcweb::Error> {
    protoc_gen_grpcweb::configure()
        .bytes(".probe")
        .compile_protos(&["proto/probe.proto"], &["proto"])
}
