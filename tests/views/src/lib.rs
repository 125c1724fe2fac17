//! Messages with views.

#![deny(warnings)]

/// The code generated from `proto/`.
pub mod proto {
    grpcweb_runtime::include_protos!();
}
