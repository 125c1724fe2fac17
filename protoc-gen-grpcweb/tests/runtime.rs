//! The services that `grpcweb-runtime` brings: their code is checked in, and made by this generator.
//!
//! To write it anew: `UPDATE_GOLDEN=1 cargo test -p protoc-gen-grpcweb`.

use std::path::{Path, PathBuf};

use protoc_gen_grpcweb::{Builder, Error, configure};

fn runtime() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../grpcweb-runtime")
}

/// Generates files below `proto/` into `src/{module}/generated`, or looks whether they are there.
fn generate(module: &str, protos: &[&str], builder: Builder) -> Result<(), Error> {
    let proto_dir = runtime().join("proto");
    let protos: Vec<_> = protos.iter().map(|proto| proto_dir.join(proto)).collect();
    builder
        .file_descriptor_set(true)
        .generate_to(runtime().join("src").join(module).join("generated"))
        .check(std::env::var_os("UPDATE_GOLDEN").is_none())
        .emit_rerun_if_changed(false)
        .compile_protos(&protos, &[proto_dir])
}

#[test]
fn the_code_of_health_checks_is_what_is_generated_now() {
    generate("health", &["grpc/health/v1/health.proto"], configure()).unwrap();
}
