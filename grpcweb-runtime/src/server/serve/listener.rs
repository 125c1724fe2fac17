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
}

impl Listener for TcpListener {
    type Io = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        let (stream, remote_addr) = TcpListener::accept(self).await?;
        // Answers leave in one write, so waiting for more would only delay them. A socket that refuses an
        // option is broken, which the connection finds out by itself.
        let _ = stream.set_nodelay(true);
        let keep_alive = TcpKeepalive::new().with_time(KEEP_ALIVE);
        let _ = SockRef::from(&stream).set_tcp_keepalive(&keep_alive);
        Ok((stream, Some(remote_addr)))
    }
}

#[cfg(unix)]
impl Listener for tokio::net::UnixListener {
    type Io = tokio::net::UnixStream;

    async fn accept(&mut self) -> io::Result<(Self::Io, Option<SocketAddr>)> {
        let (stream, _) = tokio::net::UnixListener::accept(self).await?;
        Ok((stream, None))
    }
}
