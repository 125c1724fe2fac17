//! TLS in front of the server, which has none of its own.

use std::io;
use std::sync::Arc;

use grpcweb_runtime::Router;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::server::TlsStream;

use super::pem;
use crate::Error;
use crate::v1::ServerCompatRequest;

/// What TLS connections are accepted with, where the request asks for them.
pub(super) fn acceptor(request: &ServerCompatRequest) -> Result<Option<TlsAcceptor>, Error> {
    if !request.use_tls {
        return Ok(None);
    }
    let creds = request
        .server_creds
        .as_ref()
        .ok_or("the request asks for TLS and has no certificate")?;
    let config = ServerConfig::builder();
    let config = if request.client_tls_cert.is_empty() {
        config.with_no_client_auth()
    } else {
        let trusted = pem::trust(&request.client_tls_cert)?;
        let verifier = WebPkiClientVerifier::builder(Arc::new(trusted)).build()?;
        config.with_client_cert_verifier(verifier)
    };
    let (certificates, key) = pem::identity(creds)?;
    let mut config = config.with_single_cert(certificates, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

/// Serves HTTP/1.1 and HTTP/2 on TLS connections.
pub(super) async fn serve(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    router: Router,
) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let (acceptor, router) = (acceptor.clone(), router.clone());
        tokio::spawn(async move {
            match acceptor.accept(stream).await {
                Ok(stream) => serve_one(stream, router).await,
                Err(error) => eprintln!("a TLS handshake failed: {error}"),
            }
        });
    }
}

async fn serve_one(stream: TlsStream<TcpStream>, router: Router) {
    let service = TowerToHyperService::new(router);
    // Ends with an error where the client goes away, as it does in the cases of timeouts.
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
