//! The files of the runtime's own module, which is not public.

#![allow(dead_code, reason = "not all of it is timed")]

#[path = "../../../grpcweb-runtime/src/wire/compression.rs"]
pub(crate) mod compression;
#[path = "../../../grpcweb-runtime/src/wire/frame.rs"]
pub(crate) mod frame;
#[path = "../../../grpcweb-runtime/src/wire/text.rs"]
pub(crate) mod text;
#[path = "../../../grpcweb-runtime/src/wire/trailers.rs"]
pub(crate) mod trailers;

/// What `trailers` takes from `wire::status`, which would bring most of the runtime along.
mod status {
    use http::HeaderName;

    pub(crate) const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
}
