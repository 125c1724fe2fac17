//! Serves the greeter and its page, and calls it once from Rust. An address to serve on can be given;
//! otherwise it is `127.0.0.1:8080`.

use std::error::Error;
use std::future::IntoFuture as _;

use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:8080");
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot serve on {address}: {error}"))?;
    let url = format!("http://{}", listener.local_addr()?);
    println!("listening on {url}");

    let server = grpcweb_runtime::serve(listener, greeter::app()).with_graceful_shutdown(ctrl_c());
    let server = tokio::spawn(server.into_future());
    println!("\ncalled from Rust:");
    tokio::select! {
        greeted = greeter::greet(&url) => {
            greeted?;
            println!("\nnow from the browser: open {url}  (Ctrl-C ends this)");
        }
        () = ctrl_c() => {}
    }

    server.await??;
    println!("bye");
    Ok(())
}

async fn ctrl_c() {
    // Without a handler for the signal there is no ending gracefully, only as the system does it.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
