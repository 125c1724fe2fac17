//! Generates the code of the protos that the tests call.

use std::env;
use std::path::PathBuf;

use protoc_gen_grpcweb::{Error, configure};

fn main() -> Result<(), Error> {
    configure()
        .build_blocking_client(true)
        .bytes(".calls.Note.data")
        .file_descriptor_set(true)
        .compile_protos(&["proto/calls.proto"], &["proto"])?;
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    configure()
        .out_dir(out_dir.join("stubs"))
        .generate_default_stubs(true)
        .extern_path(".calls.Note", "crate::proto::calls::Note")
        .compile_protos(&["proto/calls.proto"], &["proto"])?;
    configure()
        .include_file("described.rs")
        .file_descriptor_set(true)
        .compile_protos(&["proto/described/shop.proto"], &["proto"])?;
    reflection()
}

/// Clients of reflection, in both versions, with the messages of one.
fn reflection() -> Result<(), Error> {
    let dir = "../../grpcweb-runtime/proto";
    let protos = ["v1", "v1alpha"]
        .map(|version| format!("{dir}/grpc/reflection/{version}/reflection.proto"));
    let messages = ["ServerReflectionRequest", "ServerReflectionResponse"];
    let builder = configure()
        .include_file("reflection.rs")
        .build_server(false);
    let builder = messages.iter().fold(builder, |builder, message| {
        builder.extern_path(
            format!(".grpc.reflection.v1alpha.{message}"),
            format!("crate::reflection::grpc::reflection::v1::{message}"),
        )
    });
    builder.compile_protos(&protos, &[dir])
}
