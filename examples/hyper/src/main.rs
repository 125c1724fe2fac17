//! Serves a page and the greeter. An address to serve on can be given; otherwise it is
//! `127.0.0.1:8080`.

use std::error::Error;

use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:8080")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    hyper_example::serve(listener).await;
    Ok(())
}
