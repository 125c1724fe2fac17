//! A server that greets, on hyper alone.

use std::convert::Infallible;
use std::io;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;

async fn greet(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await;
    let name = body.map(|body| body.to_bytes()).unwrap_or_default();
    let greeting = [&b"Hello, "[..], &name, b"!"].concat();
    Ok(Response::new(Full::new(greeting.into())))
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async {
            let builder = auto::Builder::new(TokioExecutor::new());
            let stream = TokioIo::new(stream);
            // A client that goes away ends its connection.
            let _ = builder.serve_connection(stream, service_fn(greet)).await;
        });
    }
}
