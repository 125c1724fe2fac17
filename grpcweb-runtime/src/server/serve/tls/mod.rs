//! TLS of a server.

mod builder;
mod certificates;
mod error;
mod handshake;
mod stream;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio_rustls::rustls::ServerConfig;

use super::Serve;

pub use builder::{Pem, ServerTlsBuilder};
pub use error::TlsError;
pub(super) use handshake::handshake;
pub(super) use stream::MaybeTls;

/// How long a handshake may take, unless set otherwise.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(10);

/// The certificates of a server, and whom it asks for theirs: see [`Serve::tls`].
///
/// A clone is the same: keep one to [`reload`](Self::reload) certificates while the server runs.
///
/// ```no_run
/// use grpcweb_runtime::server::ServerTls;
///
/// # async fn renewed() {}
/// # async fn f(listener: tokio::net::TcpListener, router: grpcweb_runtime::Router) -> Result<(), Box<dyn std::error::Error>> {
/// let tls = ServerTls::from_files("cert.pem", "key.pem")?;
/// let files = tls.clone();
/// tokio::spawn(async move {
///     loop {
///         renewed().await;
///         if let Err(error) = files.reload() {
///             eprintln!("{error:?}; the old certificate stays");
///         }
///     }
/// });
/// grpcweb_runtime::serve(listener, router).tls(tls).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ServerTls(Arc<Shared>);

struct Shared {
    current: RwLock<Current>,
    /// Held by whoever reads other certificates, so that the last who asks for some is the last to set them.
    changing: Mutex<()>,
}

struct Current {
    sources: ServerTlsBuilder,
    config: Arc<ServerConfig>,
}

impl ServerTls {
    /// One certificate with its key, each in a file of PEM: the certificate of the server first, then those
    /// between it and its authority.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read, or is not what it should be, or the two do not belong together.
    pub fn from_files(
        certificates: impl AsRef<std::path::Path>,
        key: impl AsRef<std::path::Path>,
    ) -> Result<Self, TlsError> {
        Self::builder()
            .certificate(Pem::file(certificates), Pem::file(key))
            .build()
    }

    /// The same, from PEM.
    ///
    /// # Errors
    ///
    /// As [`from_files`](Self::from_files), without the files.
    pub fn from_pem(
        certificates: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Result<Self, TlsError> {
        Self::builder()
            .certificate(certificates.into(), key.into())
            .build()
    }

    /// For several certificates, or those of clients.
    pub fn builder() -> ServerTlsBuilder {
        ServerTlsBuilder::default()
    }

    /// Reads the files again. Connections that are there go on as they are; new ones get what the files have
    /// now. What was given as bytes stays.
    ///
    /// It reads files, which may block for a moment.
    ///
    /// # Errors
    ///
    /// As [`ServerTlsBuilder::build`]. What was there before stays then.
    pub fn reload(&self) -> Result<(), TlsError> {
        let _changing = self.0.changing.lock();
        let sources = self.lock_to_read(|current| current.sources.clone());
        self.set(sources)
    }

    /// Takes other certificates for new connections, as [`reload`](Self::reload). Where a reload is under way,
    /// this waits for its end.
    ///
    /// # Errors
    ///
    /// As [`ServerTlsBuilder::build`]. What was there before stays then.
    pub fn replace(&self, sources: ServerTlsBuilder) -> Result<(), TlsError> {
        let _changing = self.0.changing.lock();
        self.set(sources)
    }

    fn set(&self, sources: ServerTlsBuilder) -> Result<(), TlsError> {
        let config = sources.config()?;
        *self
            .0
            .current
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Current { sources, config };
        Ok(())
    }

    fn new(sources: ServerTlsBuilder) -> Result<Self, TlsError> {
        let config = sources.config()?;
        Ok(Self(Arc::new(Shared {
            current: RwLock::new(Current { sources, config }),
            changing: Mutex::default(),
        })))
    }

    fn config(&self) -> Arc<ServerConfig> {
        self.lock_to_read(|current| Arc::clone(&current.config))
    }

    fn lock_to_read<T>(&self, read: impl FnOnce(&Current) -> T) -> T {
        read(
            &self
                .0
                .current
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lock_to_read(|current| f.debug_tuple("ServerTls").field(&current.sources).finish())
    }
}

impl<L, S> Serve<L, S> {
    /// Serves with TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1 as the client chooses by ALPN; without TLS with `None`,
    /// and unless this is called.
    ///
    /// A handshake that fails ends its connection, and concerns no other.
    pub fn tls(mut self, tls: impl Into<Option<ServerTls>>) -> Self {
        self.tls = tls.into();
        self
    }

    /// How long a handshake may take: 10 seconds unless set, no limit with `None`.
    pub fn tls_handshake_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.limits.handshake = timeout.into();
        self
    }
}
