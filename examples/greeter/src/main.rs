//! Serves the greeter and its page. An address to serve on can be given; otherwise it is
//! `127.0.0.1:8080`.

use std::error::Error;

use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:8080");
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot serve on {address}: {error}"))?;

    println!("listening on http://{}", listener.local_addr()?);
    println!("open that in a browser, or run: cargo run -p greeter --bin client");
    println!("Ctrl-C ends it");

    axum::serve(listener, greeter::app())
        .with_graceful_shutdown(ctrl_c())
        .await?;
    println!("bye");
    Ok(())
}

async fn ctrl_c() {
    // Without a handler for the signal there is no ending gracefully, only as the system does it.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
