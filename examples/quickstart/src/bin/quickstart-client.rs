use grpcweb_runtime::Channel;
use proto::hello::greeter_client::GreeterClient;
use proto::hello::{CountRequest, HelloRequest};

mod proto {
    grpcweb_runtime::include_protos!();
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let greeter = GreeterClient::new(Channel::new("http://127.0.0.1:8080")?);

    let name = "world".to_string();
    let reply = greeter.say_hello(HelloRequest { name }).await?;
    println!("{}", reply.into_inner().message);

    let reply = greeter.count_down(CountRequest { from: 3 }).await?;
    let mut numbers = reply.into_inner();
    while let Some(reply) = numbers.message().await? {
        println!("{}", reply.number);
    }
    Ok(())
}
