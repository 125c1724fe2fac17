//! The code generated from `helloworld.proto`.

mod proto {
    grpcweb_runtime::include_protos!();
}

/// The same, with a view of the request.
pub mod viewed {
    mod proto {
        grpcweb_runtime::include_protos!("viewed/mod.rs");
    }

    pub use proto::helloworld::*;
}

pub use proto::FILE_DESCRIPTOR_SET;
pub use proto::helloworld::*;
