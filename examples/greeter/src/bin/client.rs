//! Calls the greeter. The URL of the server can be given; otherwise it is `http://127.0.0.1:8080`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let url = std::env::args().nth(1);
    let url = url.as_deref().unwrap_or("http://127.0.0.1:8080");
    match greeter::greet(url).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            eprintln!("is the greeter running? `cargo run -p greeter` starts it");
            ExitCode::FAILURE
        }
    }
}
