//! Generates the code of the service.

use std::env;
use std::error::Error;
use std::path::Path;
use std::process::Command;

use buffa_codegen::{BytesRepr, CodeGenConfig};

fn main() -> Result<(), Box<dyn Error>> {
    let protos = "../../proto";
    println!("cargo::rerun-if-changed={protos}/bench.proto");
    let descriptors = Path::new(&env::var("OUT_DIR")?).join("bench.binpb");
    let status = Command::new(protoc_bin_vendored::protoc_bin_path()?)
        .args(["--include_imports", "-I", protos, "bench.proto", "-o"])
        .arg(&descriptors)
        .status()?;
    if !status.success() {
        return Err(format!("protoc: {status}").into());
    }
    let mut config = CodeGenConfig::default();
    config.bytes_fields = vec![(".bench.Payload".into(), BytesRepr::Bytes)];
    connectrpc_build::Config::new()
        .buffa_config(config)
        .generate_json(false)
        .descriptor_set(descriptors)
        .files(&["bench.proto"])
        .include_file("_connectrpc.rs")
        .compile()?;
    Ok(())
}
