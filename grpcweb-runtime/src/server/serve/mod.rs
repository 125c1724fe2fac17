//! The server on hyper: what `serve` does, one concept a file.

mod accept;
mod activity;
mod bind;
mod called;
mod connection;
mod connections;
mod dispatch;
#[cfg(feature = "listenfd")]
mod handed_over;
mod head_timeout;
mod http2;
mod in_flight;
mod limits;
mod listener;
mod preface;
mod run;
mod shutdown;
#[cfg(feature = "signal")]
mod signals;
#[cfg(feature = "serve-tls")]
mod tls;
mod tracked_io;
mod watched;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::io;
use std::pin::Pin;

use http::{Request, Response};
use hyper::body::Incoming;
use tower_service::Service;

use crate::BoxError;
use crate::body::HttpBody;

pub use bind::bind;
#[cfg(unix)]
pub use bind::bind_unix;
#[cfg(feature = "listenfd")]
pub use handed_over::listener_from_env_or;
#[cfg(all(feature = "listenfd", unix))]
pub use handed_over::unix_listener_from_env_or;
pub use http2::Http2Options;
pub use listener::Listener;
#[cfg(feature = "signal")]
pub use signals::shutdown_signal;
#[cfg(feature = "serve-tls")]
pub use tls::{Pem, ServerTls, ServerTlsBuilder, TlsError};

use limits::Limits;
use shutdown::Shutdown;

/// Serves a [`Router`](crate::Router), or any other tower service for HTTP requests, on a listener:
/// HTTP/1.1 and HTTP/2 on the same port, told apart by what the client sends first; with TLS where `Serve::tls`
/// of the feature `serve-tls` says so.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// # let router = grpcweb_runtime::Router::new();
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
/// grpcweb_runtime::serve(listener, router)
///     .with_graceful_shutdown(async { tokio::signal::ctrl_c().await.unwrap_or_default() })
///     .await
/// # }
/// ```
///
/// Without a shutdown it runs until it is dropped, and closes its connections then. It does not end with an error
/// today: a connection that cannot be accepted is no concern of the others.
pub fn serve<L, S>(listener: L, service: S) -> Serve<L, S> {
    Serve {
        listener,
        service,
        limits: Limits::default(),
        shutdown: Shutdown::default(),
        #[cfg(feature = "serve-tls")]
        tls: None,
    }
}

/// What a server answers requests with: the bounds of [`serve`], under one name.
trait Served:
    Service<
        Request<Incoming>,
        Response = Response<<Self as Served>::Body>,
        Error: Into<BoxError>,
        Future: Send,
    > + Clone
    + Send
    + 'static
{
    type Body: HttpBody + http_body::Body<Data: Send>;
}

impl<S, B> Served for S
where
    S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + 'static,
    B: HttpBody + http_body::Body<Data: Send>,
{
    type Body = B;
}

/// A server to be awaited: see [`serve`].
#[must_use = "a server does nothing until it is awaited"]
pub struct Serve<L, S> {
    listener: L,
    service: S,
    limits: Limits,
    shutdown: Shutdown,
    #[cfg(feature = "serve-tls")]
    tls: Option<ServerTls>,
}

impl<L, S, B> IntoFuture for Serve<L, S>
where
    L: Listener,
    S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + 'static,
    B: HttpBody + http_body::Body<Data: Send>,
{
    type Output = io::Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(run::run(self))
    }
}

impl<L: fmt::Debug, S> fmt::Debug for Serve<L, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve")
            .field("listener", &self.listener)
            .field("limits", &self.limits)
            .field("shutdown", &self.shutdown)
            .finish_non_exhaustive()
    }
}
