//! Generates the code of `slimmer_grpc/main.proto`, and says where the file is to crates that import it.

use std::{env, error::Error, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let proto = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("proto");
    println!("cargo::metadata=proto={}", proto.display());
    protoc_gen_grpcweb::configure()
        .compile_protos(&["proto/slimmer_grpc/main.proto"], &["proto"])?;
    Ok(())
}
