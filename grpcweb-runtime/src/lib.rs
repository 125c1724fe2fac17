//! The runtime under the code that `protoc-gen-grpcweb` generates: gRPC-Web and gRPC for services and
//! clients, next to the web application that is there already.
//!
//! A service is a trait that generated code brings; the compiler sees to it that no method is
//! missing. Its server is a [`tower_service::Service`], so that it can stand in axum, in hyper, or
//! alone with `serve`.
//!
//! ```no_run
//! use grpcweb_runtime::{Request, Response, Router, Status, Streaming};
//! use hello_world::greeter_server::{Greeter, GreeterServer};
//! use hello_world::{HelloReply, HelloRequest};
//!
//! struct MyGreeter;
//!
//! impl Greeter for MyGreeter {
//!     async fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
//!         let message = format!("Hello, {}!", request.get_ref().name);
//!         Ok(Response::new(HelloReply { message }))
//!     }
//!
//!     async fn say_hello_slowly(
//!         &self,
//!         request: Request<HelloRequest>,
//!     ) -> Result<Response<Streaming<HelloReply>>, Status> {
//!         let letters: Vec<char> = request.into_inner().name.chars().collect();
//!         let replies = letters.into_iter().map(|letter| HelloReply { message: letter.into() });
//!         Ok(Response::new(Streaming::from_iter(replies)))
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let router = Router::new().add_service(GreeterServer::new(MyGreeter));
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! grpcweb_runtime::serve(listener, router).await
//! # }
//! ```
//!
//! # Features
//!
//! - `channel` (default): `Channel`, the client transport on hyper.
//! - `tls`, and who is trusted: `tls-native-roots` for what the machine trusts, `tls-webpki-roots` for what
//!   Mozilla does; without either, only certificate authorities that a `Channel` is given.
//! - `serve` (default): `serve`, the server on hyper. `signal`: `server::shutdown_signal`, for its end;
//!   `serve-tls`: `server::ServerTls`, on rustls; `listenfd`: `server::listener_from_env_or`, for sockets that
//!   systemd or systemfd opened.
//! - `axum`: `Router::into_axum_router`.
//! - `layer`: what stands in front of a service as a layer of tower. `axum` and `cors` bring it.
//! - `blocking`: clients without `async`, in the module `blocking`; `blocking-tls`: TLS for them, on rustls.
//! - `cors`: `Cors`, for pages of other origins.
//! - `rate-limit`: limits on how often calls are made, in the module `rate_limit`.
//! - `gzip`, `deflate`, `zstd`, `brotli`, `snappy`: each a `CompressionEncoding`.
//! - `health`: `grpc.health.v1` and a page for probes, in the module `health`.
//! - `tracing`: `observe::Tracing`, spans of the crate `tracing`, and the W3C trace context; `metrics`:
//!   `observe::Metrics`, which counts calls through the crate `metrics`.
//! - `reflection`: `grpc.reflection.v1` and `v1alpha`, in the module `reflection`.
//! - `tokio`: timers for deadlines and slow senders. `channel`, `serve` and `axum` bring it. Without it, a
//!   deadline is noticed only when something else wakes the call.
//!
//! Without any of them what is left is services, clients and the wire, over transports of your own.

// Nothing that a peer or a file holds may make this code panic.
#![cfg_attr(
    not(test),
    warn(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

// Generated code names this crate from outside.
#[cfg(any(feature = "health", feature = "reflection"))]
extern crate self as grpcweb_runtime;

mod apart;
mod body;
mod cancel;
mod code;
mod codec;
mod connection;
mod deadline;
mod descriptor;
mod extensions;
mod format;
mod inbound;
mod limits;
mod metadata;
mod optional_metadata;
mod outbound;
#[cfg(any(feature = "tls", feature = "blocking-tls", feature = "serve-tls"))]
mod pem;
mod request;
mod response;
#[cfg(any(feature = "health", feature = "reflection"))]
mod service_name;
mod signal;
mod status;
mod streaming;
mod wire;

#[cfg(feature = "blocking")]
pub mod blocking;
pub mod client;
#[doc(hidden)]
pub mod codegen;
pub mod error_details;
#[cfg(feature = "health")]
pub mod health;
#[cfg(any(feature = "metrics", feature = "tracing"))]
pub mod observe;
#[cfg(feature = "rate-limit")]
pub mod rate_limit;
#[cfg(feature = "reflection")]
pub mod reflection;
pub mod server;
pub mod view;

pub use body::{Body, HttpBody};
pub use cancel::{CancelReason, Cancelled};
#[cfg(feature = "channel")]
pub use client::Channel;
pub use code::Code;
pub use connection::ConnectionInfo;
pub use descriptor::{Idempotency, MethodDescriptor, MethodKind, ServiceDescriptor};
pub use metadata::{InvalidMetadata, MetadataMap};
pub use request::{IntoRequest, Request};
pub use response::Response;
#[cfg(feature = "cors")]
pub use server::Cors;
#[cfg(feature = "serve")]
pub use server::serve;
pub use server::{Router, ServerOptions};
#[cfg(any(feature = "health", feature = "reflection"))]
pub use service_name::ServiceName;
pub use status::Status;
pub use streaming::Streaming;
pub use wire::compression::CompressionEncoding;
pub use wire::protocol::Protocol;

/// Any error that can cross threads.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Includes the code that `protoc_gen_grpcweb` wrote in the build script: a module for each package.
///
/// ```text
/// mod proto {
///     grpcweb_runtime::include_protos!();
/// }
/// ```
///
/// A name is needed only where the build script set `include_file` to another one.
#[macro_export]
macro_rules! include_protos {
    () => {
        $crate::include_protos!("mod.rs");
    };
    ($file:literal) => {
        include!(concat!(env!("OUT_DIR"), "/", $file));
    };
}
