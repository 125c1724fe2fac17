//! Generates the code of the service, with a view of what is ingested and without, and says which compiler this is.

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=RUSTC");
    let rustc = env::var_os("RUSTC").ok_or("Cargo says which compiler it is")?;
    let version = String::from_utf8(Command::new(rustc).arg("--version").output()?.stdout)?;
    println!("cargo::rustc-env=RUSTC_VERSION={}", version.trim());
    let generated = || protoc_gen_grpcweb::configure().bytes(".bench.Payload");
    let (protos, includes) = (&["../proto/bench.proto"], &["../proto"]);
    generated().compile_protos(protos, includes)?;
    let views = Path::new(&env::var_os("OUT_DIR").ok_or("Cargo says where to")?).join("views");
    fs::create_dir_all(&views)?;
    generated()
        .build_client(false)
        .views(".bench.IngestRequest")
        .out_dir(views)
        .compile_protos(protos, includes)?;
    Ok(())
}
