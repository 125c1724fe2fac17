//! A client that is greeted, on connectrpc. Takes the URL of the server.

use std::env::args;
use std::error::Error;

use connectrpc::Protocol;
use connectrpc::client::{ClientConfig, HttpClient};
use proto::hello::{GreeterClient, HelloRequest};

mod proto {
    connectrpc::include_generated!();
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = args().nth(1).ok_or("usage: hello-connectrpc-client URL")?;
    let config = ClientConfig::new(url.parse()?).with_protocol(Protocol::GrpcWeb);
    let greeter = GreeterClient::new(HttpClient::plaintext(), config);
    let request = HelloRequest {
        name: "world".to_owned(),
        ..Default::default()
    };
    let reply = greeter.say_hello(request).await?;
    println!("{}", reply.view().message);
    Ok(())
}
