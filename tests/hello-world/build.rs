//! Generates the code of `helloworld.proto`.

use std::env;
use std::path::PathBuf;

use protoc_gen_grpcweb::{Error, configure};

fn main() -> Result<(), Error> {
    let dir = "../../examples/greeter/proto";
    let proto = format!("{dir}/helloworld.proto");
    configure()
        .build_blocking_client(true)
        .file_descriptor_set(true)
        .compile_protos(&[&proto], &[dir])?;
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    configure()
        .out_dir(out_dir.join("viewed"))
        .views(".helloworld.HelloRequest")
        .compile_protos(&[&proto], &[dir])
}
