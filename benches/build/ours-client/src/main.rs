//! A client that is greeted, on grpcweb. Takes the URL of the server.

use std::env::args;
use std::error::Error;

use grpcweb_runtime::Channel;
use proto::hello::HelloRequest;
use proto::hello::greeter_client::GreeterClient;

mod proto {
    grpcweb_runtime::include_protos!();
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = args().nth(1).ok_or("usage: hello-ours-client URL")?;
    let greeter = GreeterClient::new(Channel::new(&url)?);
    let request = HelloRequest {
        name: "world".to_owned(),
    };
    let reply = greeter.say_hello(request).await?;
    println!("{}", reply.get_ref().message);
    Ok(())
}
