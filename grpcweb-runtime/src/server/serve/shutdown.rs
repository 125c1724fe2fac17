//! What happens when the server is to end.

use std::fmt;
use std::future::{Future, pending};
use std::pin::Pin;
use std::time::Duration;

use super::Serve;

/// How long a shutdown waits for calls that are still running, unless set otherwise.
const GRACE: Duration = Duration::from_secs(30);

/// A future of the user.
pub(super) type Event = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How the server ends.
pub(super) struct Shutdown {
    /// What begins it.
    pub(super) begin: Event,
    /// Whether anything does.
    pub(super) is_graceful: bool,
    pub(super) hooks: Vec<Box<dyn FnOnce() + Send>>,
    /// For how long connections are still taken.
    pub(super) delay: Duration,
    pub(super) grace: Duration,
    /// What cuts the delay and the grace period short.
    pub(super) hurry: Event,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self {
            begin: Box::pin(pending()),
            is_graceful: false,
            hooks: Vec::new(),
            delay: Duration::ZERO,
            grace: GRACE,
            hurry: Box::pin(pending()),
        }
    }
}

impl<L, S> Serve<L, S> {
    /// Ends the server when `signal` is done, in this order:
    ///
    /// 1. What was given to [`on_shutdown`](Self::on_shutdown) runs, and the
    ///    [`drain_delay`](Self::drain_delay) passes.
    /// 2. The listener is closed: no new connections are taken. Those that wait at it are taken first, up to
    ///    [`max_connections`](Self::max_connections).
    /// 3. Clients are told to make no more calls on the connections that there are, and running calls by
    ///    [`Request::cancelled`](crate::Request::cancelled). An idle connection of HTTP/1.1 stays open for one
    ///    second, for a call that is on its way already: closed at once, it would take that with it. One without
    ///    calls whose client stays silent is dropped after five more seconds.
    /// 4. Calls that are running have the [`grace_period`](Self::grace_period), 30 seconds, to end. Those
    ///    that do not, end with [`Code::Unavailable`](crate::Code::Unavailable).
    /// 5. When every connection is closed, or a second after the grace period, the server is done. What is to
    ///    happen then stands after its `.await`.
    ///
    /// `shutdown_signal` of the feature `signal` is such a signal: Ctrl-C, and SIGTERM on Unix.
    pub fn with_graceful_shutdown(
        mut self,
        signal: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        self.shutdown.begin = Box::pin(signal);
        self.shutdown.is_graceful = true;
        self
    }

    /// Runs `hook` first when the server is to end, while it still takes connections: to tell those who ask
    /// for its health, say. Several run in the order in which they were given. One that panics does not keep the
    /// others, nor the shutdown, from going on.
    pub fn on_shutdown(mut self, hook: impl FnOnce() + Send + 'static) -> Self {
        self.shutdown.hooks.push(Box::new(hook));
        self
    }

    /// For how long a server that is to end takes connections and calls as before, so that load balancers
    /// notice: no time unless set.
    pub fn drain_delay(mut self, delay: Duration) -> Self {
        self.shutdown.delay = delay;
        self
    }

    /// For how long calls may go on when the server is to end: 30 seconds unless set. Unary calls and streams
    /// that are running then end with [`Code::Unavailable`](crate::Code::Unavailable), and have one second to
    /// send it.
    pub fn grace_period(mut self, grace: Duration) -> Self {
        self.shutdown.grace = grace;
        self
    }

    /// Ends the drain delay and the grace period of a server that is ending when `signal` is done. It is
    /// awaited from the beginning of the shutdown on.
    ///
    /// `shutdown_signal()` as such would hear the signal that began the shutdown: use `with_shutdown_signals`, or
    /// `async { shutdown_signal().await }`.
    ///
    /// ```no_run
    /// # async fn once_more() {}
    /// # async fn stop() {}
    /// # async fn f(listener: tokio::net::TcpListener, router: grpcweb_runtime::Router) -> std::io::Result<()> {
    /// grpcweb_runtime::serve(listener, router)
    ///     .with_graceful_shutdown(stop())
    ///     .cut_grace_short(once_more())
    ///     .await
    /// # }
    /// ```
    pub fn cut_grace_short(mut self, signal: impl Future<Output = ()> + Send + 'static) -> Self {
        self.shutdown.hurry = Box::pin(signal);
        self
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shutdown")
            .field("is_graceful", &self.is_graceful)
            .field("hooks", &self.hooks.len())
            .field("delay", &self.delay)
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}
