//! Sockets that another program has opened.

use std::fmt::Debug;
use std::io;

use listenfd::ListenFd;
use tokio::net::{TcpListener, ToSocketAddrs};

use super::bind;

/// The socket that systemd or systemfd has opened for this program, and where it was started without one,
/// a socket of its own on `address`: see [`bind`].
///
/// Such a socket outlives the program: while it restarts, clients wait, and none is refused. It is the first of
/// those in `LISTEN_FDS`; the crate `listenfd` has the others. To be called once.
///
/// ```no_run
/// # async fn f(router: grpcweb_runtime::Router) -> std::io::Result<()> {
/// let listener = grpcweb_runtime::server::listener_from_env_or("127.0.0.1:8080").await?;
/// grpcweb_runtime::serve(listener, router).await
/// # }
/// ```
///
/// # Errors
///
/// Where the socket is not one of TCP that listens, and as [`bind`].
pub async fn listener_from_env_or(address: impl ToSocketAddrs + Debug) -> io::Result<TcpListener> {
    match ListenFd::from_env().take_tcp_listener(0) {
        Ok(Some(listener)) => {
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)
        }
        Ok(None) => bind(address).await,
        Err(error) => Err(unusable(&error, "TCP", "unix_listener_from_env_or")),
    }
}

/// The same, for a Unix socket: see [`bind_unix`](super::bind_unix).
///
/// # Errors
///
/// Where the socket is not a Unix socket that listens, and as [`bind_unix`](super::bind_unix).
#[cfg(unix)]
pub async fn unix_listener_from_env_or(
    path: impl AsRef<std::path::Path>,
) -> io::Result<tokio::net::UnixListener> {
    match ListenFd::from_env().take_unix_listener(0) {
        Ok(Some(listener)) => {
            listener.set_nonblocking(true)?;
            tokio::net::UnixListener::from_std(listener)
        }
        Ok(None) => super::bind_unix(path).await,
        Err(error) => Err(unusable(&error, "Unix", "listener_from_env_or")),
    }
}

fn unusable(error: &io::Error, kind: &str, other: &str) -> io::Error {
    let message = format!(
        "the first socket in LISTEN_FDS is not a {kind} socket that listens ({error}): open one for this \
         program, as `systemfd -s http::8080` does for TCP, or use `{other}`"
    );
    io::Error::new(error.kind(), message)
}
