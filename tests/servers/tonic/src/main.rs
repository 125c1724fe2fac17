//! The standard test service on tonic, with tonic-web before it: gRPC-Web and gRPC, HTTP/1.1 and HTTP/2 on
//! one port.

mod echo;
mod service;

/// The code generated from the protos.
#[expect(unreachable_pub, reason = "generated")]
mod proto {
    tonic::include_proto!("grpc.testing");
}

use std::error::Error;

use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_web::GrpcWebLayer;

use crate::echo::EchoTrailing;
use crate::proto::test_service_server::TestServiceServer;
use crate::service::Standard;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    Server::builder()
        .accept_http1(true)
        .layer(GrpcWebLayer::new())
        .layer(EchoTrailing)
        .add_service(TestServiceServer::new(Standard))
        .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
        .await?;
    Ok(())
}
