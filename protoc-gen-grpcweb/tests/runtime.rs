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

/// Both versions of reflection have the same messages, and so one implementation.
#[test]
fn the_code_of_reflection_is_what_is_generated_now() {
    let protos =
        ["v1", "v1alpha"].map(|version| format!("grpc/reflection/{version}/reflection.proto"));
    let messages = [
        "ErrorResponse",
        "ExtensionNumberResponse",
        "ExtensionRequest",
        "FileDescriptorResponse",
        "ListServiceResponse",
        "ServerReflectionRequest",
        "ServerReflectionResponse",
        "ServiceResponse",
    ];
    let builder = configure()
        .build_client(false)
        .bytes(".grpc.reflection.v1.FileDescriptorResponse");
    let builder = messages.iter().fold(builder, |builder, message| {
        builder.extern_path(
            format!(".grpc.reflection.v1alpha.{message}"),
            format!("::grpcweb_runtime::reflection::generated::grpc::reflection::v1::{message}"),
        )
    });
    generate(
        "reflection",
        &protos.each_ref().map(String::as_str),
        builder,
    )
    .unwrap();
}
