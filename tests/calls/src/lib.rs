//! A service with a method of each kind, and ways to reach it.

#![deny(warnings)]

mod canned;
mod notes;
mod raw;
mod reach;
pub mod wire;

/// The code generated from `proto/`.
pub mod proto {
    grpcweb_runtime::include_protos!();
}

/// The same service, with default methods: for one that implements some of them.
pub mod stubs {
    grpcweb_runtime::include_protos!("stubs/mod.rs");
}

/// The code generated from `proto/described/`, which is there to be described.
pub mod described {
    grpcweb_runtime::include_protos!("described.rs");
}

/// Clients of the reflection service.
pub mod reflection {
    grpcweb_runtime::include_protos!("reflection.rs");
}

/// Code that `protoc` wrote and somebody checked in: the generator's golden files.
#[path = "../../../protoc-gen-grpcweb/tests/golden/mod.rs"]
pub mod golden;

pub use canned::{Canned, End};
pub use notes::{MyNotes, note};
pub use raw::RawConnection;
pub use reach::{AnyTransport, Server, WithHeader, over, over_router, over_with, over_with_header};
