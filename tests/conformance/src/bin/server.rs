//! The server under test. Reads one request from the standard input, serves what it asks for, says on
//! the standard output where, and goes on until it is ended with a signal.

use std::net::Ipv4Addr;

use conformance::v1::{ServerCompatRequest, ServerCompatResponse};
use conformance::{Error, server};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let request: ServerCompatRequest = conformance::read(tokio::io::stdin())
        .await?
        .ok_or("there is no request on the standard input")?;

    let host = Ipv4Addr::LOCALHOST;
    let listener = TcpListener::bind((host, 0)).await?;
    let response = ServerCompatResponse {
        host: host.to_string(),
        port: listener.local_addr()?.port().into(),
        pem_cert: server::certificate(&request),
    };
    let serving = server::serve(listener, &request)?;
    conformance::write(tokio::io::stdout(), &response).await?;
    serving.await
}
