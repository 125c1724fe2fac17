use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::Extensions;

use crate::cancel::ShutdownSignal;

/// The connection that a request came over. `serve` puts it into the extensions of every request; another
/// server may, where handlers are to know [`Request::remote_addr`](crate::Request::remote_addr).
///
/// ```
/// use grpcweb_runtime::ConnectionInfo;
///
/// let mut request = http::Request::new(());
/// let peer = "192.0.2.1:4711".parse().unwrap();
/// request.extensions_mut().insert(ConnectionInfo::new(Some(peer)));
/// ```
#[derive(Clone)]
pub struct ConnectionInfo(Arc<Inner>);

#[derive(Default)]
struct Inner {
    remote_addr: Option<SocketAddr>,
    shutdown: Option<ShutdownSignal>,
    is_tls: bool,
    peer_certificates: Box<[Bytes]>,
}

impl ConnectionInfo {
    /// A connection from this address; a Unix socket has none.
    #[must_use]
    pub fn new(remote_addr: Option<SocketAddr>) -> Self {
        Self(Arc::new(Inner {
            remote_addr,
            ..Inner::default()
        }))
    }

    /// A connection of a server that tells its calls when it shuts down.
    #[cfg(feature = "serve")]
    pub(crate) fn of_server(
        remote_addr: Option<SocketAddr>,
        shutdown: Option<ShutdownSignal>,
    ) -> Self {
        Self(Arc::new(Inner {
            remote_addr,
            shutdown,
            ..Inner::default()
        }))
    }

    /// The same, with TLS.
    #[cfg(feature = "serve-tls")]
    pub(crate) fn of_tls_server(
        remote_addr: Option<SocketAddr>,
        shutdown: Option<ShutdownSignal>,
        peer_certificates: impl Iterator<Item = Bytes>,
    ) -> Self {
        Self(Arc::new(Inner {
            remote_addr,
            shutdown,
            is_tls: true,
            peer_certificates: peer_certificates.collect(),
        }))
    }

    /// The address at the other end, which may be that of a proxy. `None` for a Unix socket.
    #[must_use]
    pub fn remote_addr(&self) -> Option<SocketAddr> {
        self.0.remote_addr
    }

    /// Whether the connection came to `serve` with TLS. A proxy in front may have taken it off: see
    /// [`Request::client_scheme`](crate::Request::client_scheme).
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.0.is_tls
    }

    /// The certificates that the client showed, in DER, its own first. They are checked; empty where it
    /// showed none, or was not asked for any.
    #[must_use]
    pub fn peer_certificates(&self) -> &[Bytes] {
        &self.0.peer_certificates
    }

    pub(crate) fn shutdown(&self) -> Option<&ShutdownSignal> {
        self.0.shutdown.as_ref()
    }
}

/// The address that a request with these extensions came from: as `serve` says, or else axum.
pub(crate) fn remote_addr(extensions: &Extensions) -> Option<SocketAddr> {
    peer(extensions).flatten()
}

/// The same, and `Some(None)` for a Unix socket.
pub(crate) fn peer(extensions: &Extensions) -> Option<Option<SocketAddr>> {
    if let Some(connection) = extensions.get::<ConnectionInfo>() {
        return Some(connection.remote_addr());
    }
    #[cfg(feature = "axum")]
    if let Some(axum::extract::ConnectInfo(address)) = extensions.get() {
        return Some(Some(*address));
    }
    None
}

/// How a request learns that its connection is to end, where `serve` may end it: the connection is known beside the
/// request, or in its extensions.
pub(crate) fn shutdown(
    beside: Option<&ConnectionInfo>,
    extensions: &Extensions,
) -> Option<ShutdownSignal> {
    let connection = beside.or_else(|| extensions.get());
    connection.and_then(ConnectionInfo::shutdown).cloned()
}

/// Whether `serve` says that a request with these extensions came with TLS.
pub(crate) fn is_tls(extensions: &Extensions) -> bool {
    extensions
        .get()
        .is_some_and(|connection: &ConnectionInfo| connection.is_tls())
}

impl fmt::Debug for ConnectionInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionInfo")
            .field("remote_addr", &self.0.remote_addr)
            .field("is_tls", &self.0.is_tls)
            .finish_non_exhaustive()
    }
}
