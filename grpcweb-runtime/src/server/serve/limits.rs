//! How long connections may take for what they do, and how many there may be.

use std::num::NonZeroUsize;
use std::time::Duration;

use hyper_util::rt::TokioExecutor;
use hyper_util::server::conn::auto;

use super::{Http2Options, Serve};

/// How long a connection may take until its first request, unless set otherwise.
const FIRST_REQUEST: Duration = Duration::from_secs(30);

/// How long it may take to send the head of a request over HTTP/1.1, unless set otherwise.
const HEADER_READ: Duration = Duration::from_secs(30);

/// How long calls may go on when their connection is too old, unless set otherwise.
const AGE_GRACE: Duration = Duration::from_secs(30);

/// What connections may do.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    pub(super) connections: Option<NonZeroUsize>,
    #[cfg(feature = "serve-tls")]
    pub(super) handshake: Option<Duration>,
    pub(super) first_request: Option<Duration>,
    pub(super) header_read: Option<Duration>,
    pub(super) idle: Option<Duration>,
    pub(super) age: Option<Duration>,
    pub(super) age_grace: Duration,
    http2: Http2Options,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: None,
            #[cfg(feature = "serve-tls")]
            handshake: Some(super::tls::HANDSHAKE),
            first_request: Some(FIRST_REQUEST),
            header_read: Some(HEADER_READ),
            idle: None,
            age: None,
            age_grace: AGE_GRACE,
            http2: Http2Options::new(),
        }
    }
}

impl Limits {
    pub(super) fn hyper(&self) -> auto::Builder<TokioExecutor> {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        // The connection sees to that: see `HeadTimeout`.
        builder.http1().header_read_timeout(None);
        self.http2.apply(&mut builder);
        builder
    }
}

impl<L, S> Serve<L, S> {
    /// How many connections there may be at once: no limit unless set. Where they are there, no other is
    /// accepted until one ends; the system keeps some waiting, and resets those that still wait when the server
    /// ends. At least one.
    ///
    /// A connection that was upgraded, to a WebSocket say, is no longer the server's: it is not counted, no limit
    /// here is for it, and it outlives the server unless the service that upgraded it closes it.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.limits.connections = Some(NonZeroUsize::new(connections).unwrap_or(NonZeroUsize::MIN));
        self
    }

    /// How long a connection may take until the head of its first request is there: 30 seconds unless set, no
    /// limit with `None`. The handshake of TLS comes before.
    pub fn first_request_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.limits.first_request = timeout.into();
        self
    }

    /// How long the head of each request may take over HTTP/1.1: 30 seconds unless set, no limit with `None`.
    /// Counted from the end of the answer before it, so that it limits how long a connection is idle, too. An
    /// eighth of it may pass before that is noticed.
    ///
    /// A request whose body is still read after its answer, by a task that a service of yours left behind, has that
    /// long for each MiB.
    pub fn header_read_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.limits.header_read = timeout.into();
        self
    }

    /// How long a connection is kept on which no call is running, and no answer on its way: no limit of its own
    /// unless set. Over HTTP/1.1 the [`header_read_timeout`](Self::header_read_timeout) holds too, and the shorter
    /// one counts.
    pub fn idle_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.limits.idle = timeout.into();
        self
    }

    /// How old a connection may become: no limit unless set. One that is older takes no more calls, and clients
    /// make another, so that calls spread over the servers behind a load balancer. Running calls go on for the
    /// [`max_connection_age_grace`](Self::max_connection_age_grace).
    pub fn max_connection_age(mut self, age: impl Into<Option<Duration>>) -> Self {
        self.limits.age = age.into();
        self
    }

    /// For how long calls go on when their connection is too old: 30 seconds unless set. Then they end with
    /// [`Code::Unavailable`](crate::Code::Unavailable), and have one second to send it.
    pub fn max_connection_age_grace(mut self, grace: Duration) -> Self {
        self.limits.age_grace = grace;
        self
    }

    /// Settings for connections with HTTP/2.
    pub fn http2(mut self, options: Http2Options) -> Self {
        self.limits.http2 = options;
        self
    }
}
