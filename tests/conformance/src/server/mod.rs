//! The server under test.

mod answer;
mod pem;
mod request_info;
mod service;
mod tls;

use std::future::Future;

use grpcweb_runtime::{Router, ServerOptions};
use tokio::net::TcpListener;

use crate::v1::ServerCompatRequest;
use crate::v1::conformance_service_server::ConformanceServiceServer;
use crate::{Error, encoding};
use service::Conformance;

/// The certificate that a server for this request shows, in PEM; empty where it has none.
#[must_use]
pub fn certificate(request: &ServerCompatRequest) -> Vec<u8> {
    match &request.server_creds {
        Some(creds) if request.use_tls => creds.cert.clone(),
        _ => Vec::new(),
    }
}

/// Serves as the request says: HTTP/1.1 and HTTP/2, on plain connections with the runtime's own server.
///
/// # Errors
///
/// At once where the request has keys or certificates that cannot be used; later where the listener
/// fails.
pub fn serve(
    listener: TcpListener,
    request: &ServerCompatRequest,
) -> Result<impl Future<Output = Result<(), Error>> + use<>, Error> {
    let router = router(request);
    let tls = tls::acceptor(request)?;
    Ok(async move {
        match tls {
            Some(tls) => tls::serve(listener, tls, router).await?,
            None => grpcweb_runtime::serve(listener, router).await?,
        }
        Ok(())
    })
}

fn router(request: &ServerCompatRequest) -> Router {
    let mut options = ServerOptions::new().compress_above(0);
    for encoding in encoding::ALL {
        options = options
            .accept_compressed(encoding)
            .send_compressed(encoding);
    }
    if request.message_receive_limit > 0 {
        options = options.max_decoding_message_size(request.message_receive_limit as usize);
    }
    Router::new().add_service(ConformanceServiceServer::new(Conformance).with_options(options))
}
