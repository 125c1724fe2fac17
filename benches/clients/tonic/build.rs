//! Generates the code of the service.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut config = tonic_prost_build::Config::new();
    config.protoc_executable(protoc_bin_vendored::protoc_bin_path()?);
    config.bytes([".bench.Payload"]);
    let protos = "../../proto";
    tonic_prost_build::configure()
        .build_server(false)
        .build_transport(false)
        .compile_with_config(
            config,
            &[format!("{protos}/bench.proto")],
            &[protos.to_owned()],
        )?;
    Ok(())
}
