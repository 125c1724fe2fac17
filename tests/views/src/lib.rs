//! Messages with views.

#![deny(warnings)]

/// The code generated from `proto/`.
pub mod proto {
    grpcweb_runtime::include_protos!();
}

/// What `protoc` does not take.
pub mod loose {
    grpcweb_runtime::include_protos!("loose.rs");
}
