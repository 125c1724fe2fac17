//! Generates the code of the service.

use std::env;
use std::error::Error;
use std::path::Path;
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=../proto");
    let descriptors = Path::new(&env::var("OUT_DIR")?).join("hello.binpb");
    let status = Command::new(protoc_bin_vendored::protoc_bin_path()?)
        .args(["--include_imports", "-I", "../proto", "hello.proto", "-o"])
        .arg(&descriptors)
        .status()?;
    if !status.success() {
        return Err(format!("protoc: {status}").into());
    }
    connectrpc_build::Config::new()
        .generate_json(false)
        .descriptor_set(descriptors)
        .files(&["hello.proto"])
        .include_file("_connectrpc.rs")
        .compile()?;
    Ok(())
}
