use std::error::Error;

use grpcweb_runtime::Channel;
use grpcweb_runtime::error_details::BadRequest;

use crate::proto::helloworld::HelloRequest;
use crate::proto::helloworld::greeter_client::GreeterClient;

/// Calls the greeter at a URL and prints what comes back: one greeting, a stream of them, and an error
/// with its details.
///
/// # Errors
///
/// Where the URL is none, and the status of a call that fails though it should not.
pub async fn greet(url: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
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

    match greeter.say_hello(HelloRequest::default()).await {
        Ok(_) => return Err("nobody was greeted".into()),
        Err(status) => {
            println!("error: {status}");
            let details: BadRequest = status.detail().unwrap_or_default();
            for violation in details.field_violations {
                println!("  field {}: {}", violation.field, violation.description);
            }
        }
    }
    Ok(())
}
