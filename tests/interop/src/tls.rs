//! The server behind TLS, with HTTP/1.1 and HTTP/2 by ALPN, as somebody does it who serves without `serve`.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

type BoxError = Box<dyn Error + Send + Sync>;

/// TLS with the certificates and the key of two PEM files.
///
/// # Errors
///
/// Where a file cannot be read, or the two do not belong together.
pub fn acceptor(cert: &Path, key: &Path) -> Result<TlsAcceptor, BoxError> {
    let certs = CertificateDer::pem_file_iter(cert)?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(certs, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Serves until it is dropped.
///
/// # Errors
///
/// Where no connection can be accepted any more.
pub async fn serve(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    app: axum::Router,
) -> std::io::Result<()> {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        while connections.try_join_next().is_some() {}
        let (acceptor, app) = (acceptor.clone(), app.clone());
        connections.spawn(async move {
            // A client that does not trust the certificate, or that goes away, shows that by itself.
            let _ = converse(stream, acceptor, app).await;
        });
    }
}

async fn converse(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    app: axum::Router,
) -> Result<(), BoxError> {
    stream.set_nodelay(true)?;
    let stream = acceptor.accept(stream).await?;
    auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app))
        .await
}
