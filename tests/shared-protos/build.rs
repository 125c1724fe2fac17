//! Generates the code of `night/shift.proto`, which imports a file of `slimmer-grpc`.

use std::{env, error::Error};

fn main() -> Result<(), Box<dyn Error>> {
    let slimmer = env::var("DEP_SLIMMER_GRPC_PROTO")?;
    protoc_gen_grpcweb::configure()
        .extern_path(".slimmer_grpc", "::slimmer_grpc")
        .compile_protos(&["proto/night/shift.proto"], &["proto", &slimmer])?;
    Ok(())
}
