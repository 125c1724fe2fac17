//! The code generated from `helloworld.proto`.

mod proto {
    grpcweb_runtime::include_protos!();
}

pub use proto::helloworld::*;
