//! What generated code names. Not for use by hand: it follows the generator, not semantic versioning.

pub mod client;
pub mod server;
pub mod view;

pub use std::future::Future;
pub use std::marker::{Send, Sync};

pub use http;
pub use prost;
pub use prost_types;
pub use tower_service::Service;

pub use crate::__tower_service as tower_service;
pub use crate::apart::{Apart, BytesField};
#[cfg(feature = "blocking")]
pub use crate::blocking;
pub use crate::body::HttpBody;
pub use crate::client::{Client, Transport};
pub use crate::codec::Prost;
pub use crate::server::{Call, ResponseFuture, RpcService, Settings, handle};
pub use crate::view::Encoded;
pub use crate::{
    Body, Idempotency, IntoRequest, MethodDescriptor, MethodKind, Request, Response, ServerOptions,
    ServiceDescriptor, Status, Streaming,
};

/// What a method returns.
pub type Result<T> = std::result::Result<T, Status>;

/// A method of a service by its place in the `.proto` file, which the generator knows.
#[expect(
    clippy::indexing_slicing,
    reason = "a constant of the code that has the service"
)]
pub const fn method(
    service: &'static ServiceDescriptor,
    index: usize,
) -> &'static MethodDescriptor {
    &service.methods[index]
}

/// Stops the compiler where generated code was made for another version of this crate: `version` is
/// the major and the minor one of its generator.
#[expect(clippy::panic, reason = "a compile error, not a panic")]
pub const fn assert_version(version: &str) {
    const OWN: &str = concat!(
        env!("CARGO_PKG_VERSION_MAJOR"),
        ".",
        env!("CARGO_PKG_VERSION_MINOR")
    );
    if !equal(version.as_bytes(), OWN.as_bytes()) {
        panic!(
            "this code was generated for another version of grpcweb-runtime than the one in use: \
             update protoc-gen-grpcweb and grpcweb-runtime to the same version, and generate it again"
        );
    }
}

const fn equal(mut a: &[u8], mut b: &[u8]) -> bool {
    while let ([first, rest @ ..], [other, others @ ..]) = (a, b) {
        if *first != *other {
            return false;
        }
        (a, b) = (rest, others);
    }
    a.is_empty() && b.is_empty()
}
