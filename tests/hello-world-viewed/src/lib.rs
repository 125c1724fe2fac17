//! The code generated from `helloworld.proto`, with a view of the request.
//!
//! A crate of its own: where a type has the name of another one, the compiler writes both with their paths.

mod proto {
    grpcweb_runtime::include_protos!();
}

pub use proto::helloworld::*;
