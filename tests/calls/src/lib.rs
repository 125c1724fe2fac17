//! A service with a method of each kind, and ways to reach it.

#![deny(warnings)]

mod canned;
mod notes;
mod reach;

/// The code generated from `proto/`.
pub mod proto {
    grpcweb_runtime::include_protos!();
}

pub use canned::{Canned, End};
pub use notes::{MyNotes, note};
pub use reach::{AnyTransport, Server, over};
