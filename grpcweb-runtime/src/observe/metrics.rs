use metrics::{Unit, counter, gauge, histogram};

use super::{is_server_error, name_of};
use crate::server::{CallObserver, Observer, Outcome, StartedCall};

const STARTED: &str = "rpc.server.calls.started";
const ENDED: &str = "rpc.server.calls";
const ACTIVE: &str = "rpc.server.calls.active";
const DURATION: &str = "rpc.server.call.duration";

const METHOD: &str = "rpc.method";
const CODE: &str = "rpc.response.status_code";
const ERROR: &str = "error.type";

/// Counts the calls of a server through the crate `metrics`: an [`Observer`].
///
/// | name | kind | labels |
/// |---|---|---|
/// | `rpc.server.calls.started` | counter | `rpc.method` |
/// | `rpc.server.calls` | counter of calls that ended | `rpc.method`, `rpc.response.status_code`, `error.type` |
/// | `rpc.server.calls.active` | gauge | `rpc.method` |
/// | `rpc.server.call.duration` | histogram, in seconds | as `rpc.server.calls` |
///
/// `rpc.method` is as in `helloworld.Greeter/SayHello`, `_OTHER` for what no service has, so that no client
/// makes labels; `rpc.response.status_code` is the status of the call, as in `NOT_FOUND`, in whatever protocol
/// it was sent; `error.type` is there, with the same value, where the server is to blame. The names are those
/// of OpenTelemetry's [conventions], as far as these go. Prometheus has `_` for each `.`.
///
/// ```
/// use grpcweb_runtime::observe::Metrics;
/// use grpcweb_runtime::{Router, ServerOptions};
///
/// let router = Router::new().with_options(ServerOptions::new().observer(Metrics::new()));
/// # let _ = router;
/// ```
///
/// [conventions]: https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics/
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Metrics;

impl Metrics {
    /// Describes the metrics to the recorder, which has to be installed before.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it does something")]
    pub fn new() -> Self {
        metrics::describe_counter!(STARTED, Unit::Count, "Calls that began.");
        metrics::describe_counter!(ENDED, Unit::Count, "Calls that ended.");
        metrics::describe_gauge!(ACTIVE, Unit::Count, "Calls that run.");
        metrics::describe_histogram!(DURATION, Unit::Seconds, "How long calls took.");
        Self
    }
}

impl Observer for Metrics {
    fn started(&self, call: &StartedCall<'_>) -> Box<dyn CallObserver> {
        let method = name_of(call.method());
        counter!(STARTED, METHOD => method).increment(1);
        gauge!(ACTIVE, METHOD => method).increment(1);
        Box::new(Counted { method })
    }
}

struct Counted {
    method: &'static str,
}

impl CallObserver for Counted {
    fn finished(&self, outcome: &Outcome) {
        let Self { method } = *self;
        let code = outcome.code();
        gauge!(ACTIVE, METHOD => method).decrement(1);
        let mut labels = vec![(METHOD, method), (CODE, code.name())];
        if is_server_error(code) {
            labels.push((ERROR, code.name()));
        }
        counter!(ENDED, &labels).increment(1);
        histogram!(DURATION, &labels).record(outcome.duration);
    }
}
