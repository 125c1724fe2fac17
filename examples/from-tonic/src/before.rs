//! The greeter on tonic, with tonic-web for browsers.

use std::pin::Pin;

use futures_util::{Stream, stream};
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tonic_web::GrpcWebLayer;

use proto::greeter_server::{Greeter, GreeterServer};
use proto::{HelloReply, HelloRequest};

pub mod proto {
    tonic::include_proto!("tonic/helloworld");
}

pub struct MyGreeter;

#[tonic::async_trait]
impl Greeter for MyGreeter {
    type SayHelloSlowlyStream = Pin<Box<dyn Stream<Item = Result<HelloReply, Status>> + Send>>;

    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let name = request.into_inner().name;
        if name.is_empty() {
            return Err(Status::invalid_argument("who is to be greeted?"));
        }
        let message = format!("Hello, {name}!");
        Ok(Response::new(HelloReply { message }))
    }

    async fn say_hello_slowly(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<Self::SayHelloSlowlyStream>, Status> {
        let name = request.into_inner().name;
        let replies = ["Hello", "Hallo", "Bonjour"].map(|greeting| {
            let message = format!("{greeting}, {name}!");
            Ok(HelloReply { message })
        });
        Ok(Response::new(Box::pin(stream::iter(replies))))
    }
}

pub async fn serve(listener: TcpListener) -> Result<(), crate::BoxError> {
    Server::builder()
        .accept_http1(true)
        .layer(GrpcWebLayer::new())
        .add_service(GreeterServer::new(MyGreeter))
        .serve_with_incoming(TcpIncoming::from(listener))
        .await?;
    Ok(())
}
