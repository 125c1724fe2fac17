//! Generates the code of everything in `proto/`, and of a service that is too long to be written down.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("large.proto"), large())?;

    // Beside this crate there is another one that runs this script.
    let dir = PathBuf::from("../generated/proto");
    let mut protos = Vec::new();
    for entry in fs::read_dir(&dir)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            protos.push(path);
        }
    }
    protos.push(out.join("large.proto"));
    protos.sort();
    protoc_gen_grpcweb::configure()
        .build_blocking_client(true)
        .file_descriptor_set(true)
        .enable_type_names(true)
        .type_name_domain(".twice", "type.example")
        .compile_protos(&protos, &[dir, out])?;
    Ok(())
}

/// A service of 300 methods.
fn large() -> String {
    let mut proto =
        String::from("syntax = \"proto3\"; package large; message M {}\nservice Large {\n");
    for number in 0..300 {
        let stream = if number % 7 == 0 { "stream " } else { "" };
        let _ = writeln!(proto, "rpc Method{number}(M) returns ({stream}M);");
    }
    proto + "}\n"
}
