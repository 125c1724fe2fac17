//! Where connections come from.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

/// After how long a silent client is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// Where [`serve`](crate::serve) gets its connections: a TCP or a Unix socket, or anything else that bytes
/// come over.
pub trait Listener: Send + 'static {
    /// A connection.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next connection, and the address at the other end, where it has one.
    ///
    /// The future is dropped before it is done when the server is to end.
    ///
    /// # Errors
    ///
    /// Where there is none for now. It is asked again after a short time, for ever.
    fn accept(&mut self)
    -> impl Future<Output = io::Result<(Self::Io, Option<SocketAddr>)>> + Send;

    /// Takes no more connections, and hands out those that came since it was last asked: closed with the
    /// listener, they would be reset. None, unless this is implemented.
    fn close(self) -> Vec<(Self::Io, Option<SocketAddr>)>
    where
        Self: Sized,
    {
        Vec::new()
    }
}

/// The most connections that are handed out at the end: as many as wait at a listener of tokio.
const BACKLOG: usize = 1024;

/// What waits at a listener that does not block. Nothing is done between the last connection and its end that
/// could wait.
fn all_that_wait<C>(accept: impl Fn() -> io::Result<C>) -> Vec<C> {
    std::iter::from_fn(|| accept().ok()).take(BACKLOG).collect()
}

/// Answers leave in one write, so waiting for more would only delay them. A socket that refuses an option is
/// broken, which the connection finds out by itself.
fn set_options(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let keep_alive = TcpKeepalive::new().with_time(KEEP_ALIVE);
    let _ = SockRef::from(stream).set_tcp_keepalive(&keep_alive);
}

impl Listener for TcpListener {
    type Io = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        let (stream, remote_addr) = TcpListener::accept(self).await?;
        set_options(&stream);
        Ok((stream, Some(remote_addr)))
    }

    fn close(self) -> Vec<(TcpStream, Option<SocketAddr>)> {
        let Ok(listener) = self.into_std() else {
            return Vec::new();
        };
        let waiting = all_that_wait(|| listener.accept());
        drop(listener);
        waiting
            .into_iter()
            .filter_map(|(stream, remote_addr)| {
                stream.set_nonblocking(true).ok()?;
                let stream = TcpStream::from_std(stream).ok()?;
                set_options(&stream);
                Some((stream, Some(remote_addr)))
            })
            .collect()
    }
}

#[cfg(unix)]
impl Listener for tokio::net::UnixListener {
    type Io = tokio::net::UnixStream;

    async fn accept(&mut self) -> io::Result<(Self::Io, Option<SocketAddr>)> {
        let (stream, _) = tokio::net::UnixListener::accept(self).await?;
        Ok((stream, None))
    }

    fn close(self) -> Vec<(Self::Io, Option<SocketAddr>)> {
        let Ok(listener) = self.into_std() else {
            return Vec::new();
        };
        let waiting = all_that_wait(|| listener.accept());
        drop(listener);
        waiting
            .into_iter()
            .filter_map(|(stream, _)| {
                stream.set_nonblocking(true).ok()?;
                Some((tokio::net::UnixStream::from_std(stream).ok()?, None))
            })
            .collect()
    }
}
