//! Generates the same code twice: for tonic, and for the runtime here.

use std::error::Error;
use std::path::PathBuf;

const PROTO: &str = "proto/helloworld.proto";

fn main() -> Result<(), Box<dyn Error>> {
    let tonic = PathBuf::from(std::env::var("OUT_DIR")?).join("tonic");
    std::fs::create_dir_all(&tonic)?;
    let mut config = tonic_prost_build::Config::new();
    config.protoc_executable(protoc_bin_vendored::protoc_bin_path()?);
    tonic_prost_build::configure()
        .build_client(false)
        .out_dir(tonic)
        .compile_with_config(config, &[PROTO], &["proto"])?;

    protoc_gen_grpcweb::compile_protos(PROTO)?;
    Ok(())
}
