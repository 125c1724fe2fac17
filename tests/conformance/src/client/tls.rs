//! TLS under the client, whose own channel has none.

use std::task::{Context, Poll};

use grpcweb_runtime::Body;
use http::uri::{Authority, Scheme};
use http::{Request, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, ResponseFuture};
use hyper_util::rt::TokioExecutor;
use tokio_rustls::rustls::ClientConfig;
use tower_service::Service;

use crate::v1::ClientCompatRequest;
use crate::{Error, pem};

/// A transport that trusts the server of a case alone.
#[derive(Debug, Clone)]
pub(super) struct TlsChannel {
    client: Client<HttpsConnector<HttpConnector>, Body>,
    authority: Authority,
}

impl TlsChannel {
    pub(super) fn new(uri: &str, http2: bool, case: &ClientCompatRequest) -> Result<Self, Error> {
        let config =
            ClientConfig::builder().with_root_certificates(pem::trust(&case.server_tls_cert)?);
        let config = match &case.client_tls_creds {
            Some(creds) => {
                let (certificates, key) = pem::identity(creds)?;
                config.with_client_auth_cert(certificates, key)?
            }
            None => config.with_no_client_auth(),
        };
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_only();
        let connector = match http2 {
            true => connector.enable_http2().build(),
            false => connector.enable_http1().build(),
        };
        let uri: Uri = uri.parse()?;
        Ok(Self {
            client: Client::builder(TokioExecutor::new())
                .http2_only(http2)
                .build(connector),
            authority: uri.authority().ok_or("the server has no name")?.clone(),
        })
    }
}

impl Service<Request<Body>> for TlsChannel {
    type Response =
        <Client<HttpsConnector<HttpConnector>, Body> as Service<Request<Body>>>::Response;
    type Error = hyper_util::client::legacy::Error;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let mut uri = std::mem::take(request.uri_mut()).into_parts();
        uri.scheme = Some(Scheme::HTTPS);
        uri.authority = Some(self.authority.clone());
        if let Ok(uri) = Uri::from_parts(uri) {
            *request.uri_mut() = uri;
        }
        self.client.request(request)
    }
}
