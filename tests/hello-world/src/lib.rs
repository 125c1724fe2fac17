//! The code generated from `helloworld.proto`.

mod proto {
    grpcweb_runtime::include_protos!();
}

pub use proto::FILE_DESCRIPTOR_SET;
pub use proto::helloworld::*;
