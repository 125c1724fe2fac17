use std::fmt;
use std::future::{Future, IntoFuture, pending};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, ready};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower_service::Service;

use crate::body::HttpBody;
use crate::cancel::ShutdownSignal;
use crate::{BoxError, ConnectionInfo};

/// How long a shutdown waits for calls that are still running.
const GRACE: Duration = Duration::from_secs(30);

/// How long to wait after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long a connection may take until its first request. Hyper limits the head of a request that has
/// begun, and not the time before.
const FIRST_REQUEST: Duration = Duration::from_secs(30);

/// After how long a silent client is asked whether it is still there. One that vanished would keep its calls,
/// and their places among those that may run at once, for ever.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// How long it may take to answer.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(20);

type Shutdown = Pin<Box<dyn Future<Output = ()> + Send>>;

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
pub fn serve<S>(listener: TcpListener, service: S) -> Serve<S> {
    Serve {
        listener,
        service,
        shutdown: Box::pin(pending()),
        signal: None,
    }
}

/// A server to be awaited: see [`serve`].
#[must_use = "a server does nothing until it is awaited"]
pub struct Serve<S> {
    listener: TcpListener,
    service: S,
    shutdown: Shutdown,
    /// Where calls learn of the shutdown, if there is to be one.
    signal: Option<ShutdownSignal>,
}

impl<S> Serve<S> {
    /// Ends the server when `signal` is done: no new connections are taken, calls that are running
    /// have up to 30 seconds to end, and are told by
    /// [`Request::cancelled`](crate::Request::cancelled).
    pub fn with_graceful_shutdown(
        mut self,
        signal: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        self.shutdown = Box::pin(signal);
        self.signal = Some(ShutdownSignal::default());
        self
    }
}

impl<S> fmt::Debug for Serve<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve")
            .field("listener", &self.listener)
            .finish_non_exhaustive()
    }
}

impl<S, B> IntoFuture for Serve<S>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + 'static,
    B: HttpBody + http_body::Body<Data: Send>,
{
    type Output = io::Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(run(self))
    }
}

async fn run<S, B>(server: Serve<S>) -> io::Result<()>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + 'static,
    B: HttpBody + http_body::Body<Data: Send>,
{
    let Serve {
        listener,
        service,
        mut shutdown,
        signal,
    } = server;
    let graceful = GracefulShutdown::new();
    // Aborts what is left in it when it is dropped, be it after the grace period or together with
    // the whole server.
    let mut connections = JoinSet::new();
    while let Some(accepted) = next_connection(&listener, &mut shutdown, &mut connections).await {
        let Ok((stream, remote_addr)) = accepted else {
            // The error of a connection that is gone already, or no resources for another one. Neither
            // concerns those that are there, and the second passes when some of them end.
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Answers leave in one write, so waiting for more would only delay them. A socket that
        // refuses the option is broken, which the connection finds out by itself.
        let _ = stream.set_nodelay(true);
        let _ =
            SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEP_ALIVE));
        let connection = ConnectionInfo::of_server(Some(remote_addr), signal.clone());
        let service = Called::new(TowerToHyperService::new(service.clone()), connection);
        let called = Arc::clone(&service.called);
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new());
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT);
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection.into_owned());
        connections.spawn(async move {
            let mut connection = pin!(connection);
            // Ends with an error where the client goes away: nothing is to be done about it here.
            let ended = tokio::time::timeout(FIRST_REQUEST, connection.as_mut()).await;
            if ended.is_err() && called.load(Ordering::Relaxed) {
                let _ = connection.await;
            }
        });
    }
    drop(listener);
    if let Some(signal) = signal {
        signal.send();
    }
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
    Ok(())
}

/// The next connection, or `None` once `shutdown` is done. Clears away connections that have ended.
async fn next_connection(
    listener: &TcpListener,
    shutdown: &mut Shutdown,
    connections: &mut JoinSet<()>,
) -> Option<io::Result<(TcpStream, SocketAddr)>> {
    std::future::poll_fn(|cx| {
        if shutdown.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        while let Poll::Ready(Some(_)) = connections.poll_join_next(cx) {}
        Poll::Ready(Some(ready!(listener.poll_accept(cx))))
    })
    .await
}

/// The service of a connection: tells whether it was called, and its calls where they come from.
struct Called<S> {
    inner: S,
    called: Arc<AtomicBool>,
    connection: ConnectionInfo,
}

impl<S> Called<S> {
    fn new(inner: S, connection: ConnectionInfo) -> Self {
        Self {
            inner,
            called: Arc::default(),
            connection,
        }
    }
}

impl<S, B> hyper::service::Service<Request<B>> for Called<S>
where
    S: hyper::service::Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, mut request: Request<B>) -> S::Future {
        self.called.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(self.connection.clone());
        self.inner.call(request)
    }
}
