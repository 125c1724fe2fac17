//! Generates the code of the service.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let protoc = protoc_bin_vendored::protoc_bin_path()?;
    let protos = std::path::Path::new("../../proto");
    let set = std::path::PathBuf::from(std::env::var("OUT_DIR")?).join("bench.bin");
    let status = std::process::Command::new(protoc)
        .arg("--include_imports")
        .arg(format!("--proto_path={}", protos.display()))
        .arg(format!("--descriptor_set_out={}", set.display()))
        .arg(protos.join("bench.proto"))
        .status()?;
    if !status.success() {
        return Err("protoc failed".into());
    }
    println!("cargo::rerun-if-changed=../../proto");
    connectrpc_build::Config::new()
        .descriptor_set(set)
        .files(&["bench.proto"])
        .generate_json(false)
        .include_file("_connectrpc.rs")
        .compile()?;
    Ok(())
}
