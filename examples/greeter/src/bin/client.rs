//! Calls the greeter: one greeting, a stream of them, and an error with its details. The URL of the
//! server can be given; otherwise it is `http://127.0.0.1:8080`.

use std::error::Error;

use greeter::proto::helloworld::HelloRequest;
use greeter::proto::helloworld::greeter_client::GreeterClient;
use grpcweb_runtime::Channel;
use grpcweb_runtime::error_details::BadRequest;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1);
    let url = url.as_deref().unwrap_or("http://127.0.0.1:8080");
    let greeter = GreeterClient::new(Channel::new(url)?);
    let world = HelloRequest {
        name: "world".into(),
    };

    let reply = greeter.say_hello(world.clone()).await?;
    println!("unary: {}", reply.get_ref().message);

    let mut replies = greeter.say_hello_slowly(world).await?.into_inner();
    while let Some(reply) = replies.message().await? {
        println!("stream: {}", reply.message);
    }

    if let Err(status) = greeter.say_hello(HelloRequest::default()).await {
        println!("error: {status}");
        let details: BadRequest = status.detail().unwrap_or_default();
        for violation in details.field_violations {
            println!("  field {}: {}", violation.field, violation.description);
        }
    }
    Ok(())
}
