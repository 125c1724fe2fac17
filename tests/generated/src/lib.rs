//! Code generated from protos that are hard on a generator, with every lint on that a user may have on.

#![deny(warnings, missing_docs, unreachable_pub, missing_debug_implementations)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery)]
#![deny(rustdoc::all)]

mod proto {
    grpcweb_runtime::include_protos!();
}

pub use proto::*;
