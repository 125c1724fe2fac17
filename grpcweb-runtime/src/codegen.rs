//! What generated code names. Not for use by hand: it follows the generator, not semantic versioning.

pub use http;
pub use prost;
pub use prost_types;
pub use tower_service::Service;

pub use crate::body::HttpBody;
pub use crate::client::{Client, Transport};
pub use crate::server::{Call, ResponseFuture, RpcService, handle};
pub use crate::{
    Body, Idempotency, IntoRequest, Limits, MethodDescriptor, MethodKind, Request, Response,
    ServiceDescriptor, Status, Streaming,
};
