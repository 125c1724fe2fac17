//! Generates the code of the suite's protos, which are not in this repository: `CONFORMANCE_PROTOS` is
//! the directory that has them. `tests/conformance/run` sets it.

use std::error::Error;
use std::path::PathBuf;

const PROTOS: &str = "CONFORMANCE_PROTOS";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed={PROTOS}");
    let dir = std::env::var_os(PROTOS)
        .ok_or_else(|| format!("{PROTOS} is not set: use tests/conformance/run"))?;
    let dir = PathBuf::from(dir);
    let package = dir.join("connectrpc/conformance/v1");
    let protos = [
        "service.proto",
        "client_compat.proto",
        "server_compat.proto",
    ]
    .map(|name| package.join(name));
    protoc_gen_grpcweb::configure()
        .build_blocking_client(true)
        // `Unimplemented` is left to the default.
        .generate_default_stubs(true)
        .compile_protos(&protos, &[dir])?;
    Ok(())
}
