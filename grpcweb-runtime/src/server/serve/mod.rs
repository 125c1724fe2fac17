//! The server on hyper: what `serve` does, one concept a file.

mod accept;
mod activity;
mod connection;
mod connections;
mod http2;
mod limits;
mod listener;
mod run;
mod shutdown;
#[cfg(feature = "signal")]
mod signals;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::io;
use std::pin::Pin;

use http::{Request, Response};
use hyper::body::Incoming;
use tower_service::Service;

use crate::BoxError;
use crate::body::HttpBody;

pub use http2::Http2Options;
pub use listener::{Listener, bind};
#[cfg(feature = "signal")]
pub use signals::shutdown_signal;

use limits::Limits;
use shutdown::Shutdown;

/// Serves a [`Router`](crate::Router), or any other tower service for HTTP requests, on a listener:
/// HTTP/1.1 and HTTP/2 without TLS on the same port, told apart by what the client sends first.
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
    }
}

/// A server to be awaited: see [`serve`].
#[must_use = "a server does nothing until it is awaited"]
pub struct Serve<L, S> {
    listener: L,
    service: S,
    limits: Limits,
    shutdown: Shutdown,
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
