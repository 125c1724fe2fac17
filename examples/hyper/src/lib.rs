//! The greeter and a page in a server on bare hyper.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use greeter::MyGreeter;
use greeter::proto::helloworld::greeter_server::GreeterServer;
use grpcweb_runtime::{ConnectionInfo, Router};
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::Service as _;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::service_fn;

/// How long to wait after a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves for ever, HTTP/1.1 and HTTP/2 on the same port.
pub async fn serve(listener: TcpListener) {
    let rpc = Router::new().add_service(GreeterServer::new(MyGreeter));
    let service = TowerToHyperService::new(rpc.in_front_of(service_fn(pages)));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // For hyper's limit on the time that the head of a request takes.
    builder.http1().timer(TokioTimer::new());
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            // The client went away before it was there.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
            // Too many files are open, say: it passes when connections end.
            Err(_) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // What handlers know as `Request::remote_addr()`.
        let connection = ConnectionInfo::new(Some(peer));
        let service = service.clone();
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(connection.clone());
            service.call(request)
        });
        let builder = builder.clone();
        tokio::spawn(async move {
            let stream = TokioIo::new(stream);
            let served = builder.serve_connection_with_upgrades(stream, service);
            // Fails where the client goes away: nothing is to be done about it.
            let _ = served.await;
        });
    }
}

/// The routes beside the calls.
async fn pages(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    let (status, page) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => (StatusCode::OK, "<h1>An ordinary page</h1>"),
        _ => (StatusCode::NOT_FOUND, "no such page"),
    };
    let mut response = Response::new(page.to_owned());
    *response.status_mut() = status;
    Ok(response)
}
