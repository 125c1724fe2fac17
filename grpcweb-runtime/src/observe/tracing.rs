use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use tracing::field::{Empty, display};
use tracing::{Instrument as _, Span};

use super::{TraceContext, is_server_error, name_of};
use crate::client::{Answered, Interceptor, Next, Outgoing};
use crate::server::{CallObserver, Direction, Ending, Observer, Outcome, StartedCall};
use crate::{Code, MetadataMap, Status};

type Extract = dyn Fn(&Span, &HeaderMap) + Send + Sync;
type Inject = dyn Fn(&Span, &mut HeaderMap) + Send + Sync;

/// A span of `tracing` for each call: as a server's [`Observer`], and as a client's [`Interceptor`].
///
/// Its fields are those of OpenTelemetry's [conventions]: `rpc.system.name`, `rpc.method`,
/// `rpc.response.status_code`, `error.type`, `network.peer.address`, and `client.address` that proxies may
/// tell; `otel.name`, `otel.kind` and `otel.status_code` are for the crate `tracing-opentelemetry`. What the handler logs is in the span, and
/// so are the spans of the calls that it makes. Its level is INFO. How a call ended is an event in it: ERROR
/// where the server is to blame, DEBUG else. Messages are events at TRACE.
///
/// The [`TraceContext`] of a call that comes in is in the fields `trace_id`, `span_id` and `parent_id`, and
/// goes on with the calls that its handler makes, whose spans have them too.
///
/// ```
/// use grpcweb_runtime::client::Client;
/// use grpcweb_runtime::observe::Tracing;
/// use grpcweb_runtime::{Channel, Router, ServerOptions};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), grpcweb_runtime::client::ChannelError> {
/// let router = Router::new().with_options(ServerOptions::new().observer(Tracing::new()));
/// let client = Client::new(Channel::new("http://localhost:8080")?).with_interceptor(Tracing::new());
/// # let _ = (router, client);
/// # Ok(())
/// # }
/// ```
///
/// [conventions]: https://opentelemetry.io/docs/specs/semconv/rpc/grpc/
#[derive(Clone, Default)]
#[must_use]
pub struct Tracing {
    extract: Option<Arc<Extract>>,
    inject: Option<Arc<Inject>>,
}

impl Tracing {
    /// Spans with the W3C trace context.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets another propagator read where a call comes from, in place of the [`TraceContext`]: it is given
    /// the span of a call that comes in, and the headers. With `tracing-opentelemetry` it is
    /// `|span, headers| { span.set_parent(propagator.extract(&HeaderExtractor(headers))); }`.
    pub fn extract_with(
        mut self,
        extract: impl Fn(&Span, &HeaderMap) + Send + Sync + 'static,
    ) -> Self {
        self.extract = Some(Arc::new(extract));
        self
    }

    /// Lets another propagator write where a call comes from: it is given the span of a call that goes out,
    /// and adds headers.
    pub fn inject_with(
        mut self,
        inject: impl Fn(&Span, &mut HeaderMap) + Send + Sync + 'static,
    ) -> Self {
        self.inject = Some(Arc::new(inject));
        self
    }

    fn inject(&self, span: &Span, metadata: &mut MetadataMap) {
        let Some(inject) = &self.inject else {
            if let Some(trace) = TraceContext::current() {
                let child = trace.child();
                record_trace(span, &child, &trace);
                // It was in the headers of a request already, so it can be in those of another one.
                let _ = child.write(metadata);
            }
            return;
        };
        let mut headers = HeaderMap::new();
        inject(span, &mut headers);
        metadata.extend(&MetadataMap::from_headers(headers));
    }
}

impl fmt::Debug for Tracing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tracing")
    }
}

/// A span with fields for all that a call may come to. The macro wants the kind as a literal.
macro_rules! span {
    ($kind:literal, $name:expr) => {
        tracing::info_span!(
            "rpc",
            otel.name = $name,
            otel.kind = $kind,
            otel.status_code = Empty,
            otel.status_description = Empty,
            rpc.system.name = "grpc",
            rpc.method = $name,
            rpc.method_original = Empty,
            rpc.response.status_code = Empty,
            "error.type" = Empty,
            client.address = Empty,
            network.peer.address = Empty,
            network.peer.port = Empty,
            trace_id = Empty,
            span_id = Empty,
            parent_id = Empty,
        )
    };
}

fn record_trace(span: &Span, trace: &TraceContext, parent: &TraceContext) {
    span.record("trace_id", trace.trace_id());
    span.record("span_id", trace.span_id());
    span.record("parent_id", parent.span_id());
}

/// Records what a call came to.
fn record(span: &Span, result: Result<(), &Status>, is_error: impl Fn(Code) -> bool) {
    let code = result.map_or_else(Status::code, |()| Code::Ok);
    span.record("rpc.response.status_code", code.name());
    if let Err(status) = result {
        if is_error(code) {
            span.record("error.type", code.name());
            span.record("otel.status_code", "ERROR");
            span.record("otel.status_description", status.message());
        }
    }
}

impl Observer for Tracing {
    fn started(&self, call: &StartedCall<'_>) -> Box<dyn CallObserver> {
        let span = span!("server", name_of(call.method()));
        if call.method().is_none() {
            span.record("rpc.method_original", call.path());
        }
        if let Some(peer) = call.remote_addr() {
            span.record("network.peer.address", display(peer.ip()));
            span.record("network.peer.port", peer.port());
        }
        if let Some(client) = call.client_ip() {
            span.record("client.address", display(client));
        }
        let trace = match &self.extract {
            Some(extract) => {
                extract(&span, call.headers());
                None
            }
            None => Some(TraceContext::from_headers(call.headers()).map(|parent| {
                let child = parent.child();
                record_trace(&span, &child, &parent);
                child
            })),
        };
        Box::new(TracedCall { span, trace })
    }
}

struct TracedCall {
    span: Span,
    /// Where the call stands in a trace, if it does; `None` where another propagator sees to that.
    trace: Option<Option<TraceContext>>,
}

impl CallObserver for TracedCall {
    fn message(&self, direction: Direction, len: usize) {
        let _entered = self.span.enter();
        match direction {
            Direction::Received => tracing::trace!(bytes = len, "message received"),
            Direction::Sent => tracing::trace!(bytes = len, "message sent"),
        }
    }

    fn within(&self, poll: &mut dyn FnMut()) {
        let _entered = self.span.enter();
        match &self.trace {
            Some(trace) => TraceContext::enter(trace.as_ref(), poll),
            None => poll(),
        }
    }

    fn finished(&self, outcome: &Outcome) {
        let result = outcome.result.as_ref().map(|&()| ());
        record(&self.span, result, is_server_error);
        let _entered = self.span.enter();
        let (code, milliseconds) = (outcome.code(), outcome.duration.as_secs_f64() * 1000.0);
        if is_server_error(code) || outcome.ending == Ending::Panicked {
            tracing::error!(
                %code,
                reason = result.err().map(Status::message),
                ending = ?outcome.ending,
                milliseconds,
                "the call failed"
            );
        } else {
            tracing::debug!(
                %code,
                ending = ?outcome.ending,
                milliseconds,
                received = outcome.received.messages,
                sent = outcome.sent.messages,
                "the call ended"
            );
        }
    }
}

impl Interceptor for Tracing {
    async fn intercept(&self, mut call: Outgoing, next: Next) -> Result<Answered, Status> {
        let span = span!("client", name_of(Some(call.method())));
        self.inject(&span, call.metadata_mut());
        match next.run(call).instrument(span.clone()).await {
            Ok(answered) => Ok(answered.when_ended(move |outcome| {
                record(&span, outcome.map(|_| ()), |_| true);
            })),
            Err(status) => {
                record(&span, Err(&status), |_| true);
                Err(status)
            }
        }
    }
}
