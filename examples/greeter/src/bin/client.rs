//! Calls the greeter. The URL of the server can be given; otherwise it is `http://127.0.0.1:8080`.

use std::error::Error;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let url = std::env::args().nth(1);
    greeter::greet(url.as_deref().unwrap_or("http://127.0.0.1:8080")).await
}
