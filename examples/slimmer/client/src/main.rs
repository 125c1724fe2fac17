//! Reports to the slimmer. The URL of the server can be given; otherwise it is
//! `http://127.0.0.1:50051`.

use std::error::Error;

use grpcweb_runtime::Channel;
use slimmer_grpc::main_client::MainClient;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1);
    let url = url.as_deref().unwrap_or("http://127.0.0.1:50051");
    let client = MainClient::new(Channel::new(url)?);
    let report = slimmer_client::report(&client).await?;
    println!("pong: {}", report.pong);
    println!("run: {}", report.run_id);
    println!("activated: {}", report.activated);
    println!("refused: {}", report.refusal);
    Ok(())
}
