//! What the programs under test share: the suite's messages, how they come and go on the standard
//! streams, and the two sides of a call.

pub mod client;
mod delimited;
mod encoding;
mod header;
mod names;
pub mod server;

/// The code generated from the suite's protos.
pub mod proto {
    grpcweb_runtime::include_protos!();
}

pub use delimited::{read, write};
pub use proto::connectrpc::conformance::v1;

/// Any error that ends a program.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
