//! A client that is greeted, on tonic with tonic-web. Takes the URL of the server.

use std::env::args;
use std::error::Error;

use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use proto::HelloRequest;
use proto::greeter_client::GreeterClient;
use tonic_web::GrpcWebClientLayer;
use tower::Layer as _;

mod proto {
    tonic::include_proto!("hello");
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = args().nth(1).ok_or("usage: hello-tonic-client URL")?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let service = GrpcWebClientLayer::new().layer(client);
    let mut greeter = GreeterClient::with_origin(service, url.parse()?);
    let request = HelloRequest {
        name: "world".to_owned(),
    };
    let reply = greeter.say_hello(request).await?;
    println!("{}", reply.get_ref().message);
    Ok(())
}
