//! What observers are there for most often: spans of `tracing` (feature `tracing`) and numbers for `metrics`
//! (feature `metrics`).

use crate::{Code, MethodDescriptor};

#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "tracing")]
mod trace_context;
#[cfg(feature = "tracing")]
mod tracing;

#[cfg(feature = "metrics")]
pub use metrics::Metrics;
#[cfg(feature = "tracing")]
pub use trace_context::TraceContext;
#[cfg(feature = "tracing")]
pub use tracing::Tracing;

/// What OpenTelemetry's [conventions] call a method that a service does not have: its name is the client's word, and there
/// are as many as clients like.
///
/// [conventions]: https://opentelemetry.io/docs/specs/semconv/rpc/grpc/
const OTHER: &str = "_OTHER";

/// The name of a method, as in `helloworld.Greeter/SayHello`.
fn name_of(method: Option<&'static MethodDescriptor>) -> &'static str {
    match method {
        Some(method) => method.path.trim_start_matches('/'),
        None => OTHER,
    }
}

/// Whether a call that ended like this is an error of the server, by the conventions, and not of its client.
const fn is_server_error(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}
