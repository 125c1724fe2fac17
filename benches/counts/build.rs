//! Generates the code of the service, and says which compiler this is.

use std::env;
use std::error::Error;
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=RUSTC");
    let rustc = env::var_os("RUSTC").ok_or("Cargo says which compiler it is")?;
    let version = String::from_utf8(Command::new(rustc).arg("--version").output()?.stdout)?;
    println!("cargo::rustc-env=RUSTC_VERSION={}", version.trim());
    protoc_gen_grpcweb::configure()
        .bytes(".bench.Payload")
        .compile_protos(&["../proto/bench.proto"], &["../proto"])?;
    Ok(())
}
