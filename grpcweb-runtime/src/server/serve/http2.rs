//! What connections with HTTP/2 are like.

use std::time::Duration;

use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto;

/// After how long a silent client is asked whether it is still there. One that vanished would keep its calls,
/// and their places among those that may run at once, for ever.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// The largest window that HTTP/2 has.
const MAX_WINDOW: u32 = (1 << 31) - 1;

/// How long it may take to answer.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// Settings for the connections of a server with HTTP/2: see [`Serve::http2`](super::Serve::http2).
///
/// ```no_run
/// use grpcweb_runtime::server::Http2Options;
///
/// # async fn f(listener: tokio::net::TcpListener, router: grpcweb_runtime::Router) -> std::io::Result<()> {
/// let http2 = Http2Options::new()
///     .max_concurrent_streams(1000)
///     .adaptive_window();
/// grpcweb_runtime::serve(listener, router).http2(http2).await
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "settings do nothing until a server has them"]
pub struct Http2Options {
    max_concurrent_streams: Option<u32>,
    stream_window: Option<u32>,
    connection_window: Option<u32>,
    adaptive_window: bool,
    max_frame_size: Option<u32>,
    max_header_list_size: Option<u32>,
    keep_alive_interval: Option<Duration>,
    keep_alive_timeout: Duration,
}

impl Default for Http2Options {
    fn default() -> Self {
        Self {
            max_concurrent_streams: None,
            stream_window: None,
            connection_window: None,
            adaptive_window: false,
            max_frame_size: None,
            max_header_list_size: None,
            keep_alive_interval: Some(KEEP_ALIVE),
            keep_alive_timeout: KEEP_ALIVE_TIMEOUT,
        }
    }
}

impl Http2Options {
    /// What holds where nothing is set.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many calls a connection may have at once: 200 unless set. Clients keep others waiting, or make
    /// another connection.
    pub fn max_concurrent_streams(mut self, calls: u32) -> Self {
        self.max_concurrent_streams = Some(calls);
        self
    }

    /// How many bytes of one request may be on their way: 1 MiB unless set, at most 2^31 - 1. More is
    /// brought down to that.
    pub fn stream_window(mut self, bytes: u32) -> Self {
        self.stream_window = Some(bytes.min(MAX_WINDOW));
        self
    }

    /// How many bytes of all requests of a connection may be on their way: 1 MiB unless set, at most
    /// 2^31 - 1. More is brought down to that.
    pub fn connection_window(mut self, bytes: u32) -> Self {
        self.connection_window = Some(bytes.min(MAX_WINDOW));
        self
    }

    /// Lets the two windows grow with what the network can take, and sets aside what they were set to.
    pub fn adaptive_window(mut self) -> Self {
        self.adaptive_window = true;
        self
    }

    /// How many bytes a frame of a client may have: 16 KiB unless set, at most 2^24 - 1. What is outside
    /// 16 KiB and that is brought inside.
    pub fn max_frame_size(mut self, bytes: u32) -> Self {
        self.max_frame_size = Some(bytes.clamp(1 << 14, (1 << 24) - 1));
        self
    }

    /// How many bytes the headers of a request may have: 16 KiB unless set. Each counts 32 more than it has.
    pub fn max_header_list_size(mut self, bytes: u32) -> Self {
        self.max_header_list_size = Some(bytes);
        self
    }

    /// After how long a silent client is asked whether it is still there: 60 seconds unless set, never with
    /// `None`.
    pub fn keep_alive_interval(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.keep_alive_interval = interval.into();
        self
    }

    /// How long it may take to answer before its connection is closed: 20 seconds unless set.
    pub fn keep_alive_timeout(mut self, timeout: Duration) -> Self {
        self.keep_alive_timeout = timeout;
        self
    }

    pub(super) fn apply<E>(&self, builder: &mut auto::Builder<E>) {
        let mut builder = builder.http2();
        builder
            .timer(TokioTimer::new())
            .keep_alive_interval(self.keep_alive_interval)
            .keep_alive_timeout(self.keep_alive_timeout);
        // What is not set is left as hyper has it: its `None` would be no limit.
        if let Some(calls) = self.max_concurrent_streams {
            builder.max_concurrent_streams(calls);
        }
        if let Some(bytes) = self.stream_window {
            builder.initial_stream_window_size(bytes);
        }
        if let Some(bytes) = self.connection_window {
            builder.initial_connection_window_size(bytes);
        }
        if self.adaptive_window {
            builder.adaptive_window(true);
        }
        if let Some(bytes) = self.max_frame_size {
            builder.max_frame_size(bytes);
        }
        if let Some(bytes) = self.max_header_list_size {
            builder.max_header_list_size(bytes);
        }
    }
}
