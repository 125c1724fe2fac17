//! Serves the slimmer. An address to serve on can be given; otherwise it is `127.0.0.1:50051`.

use std::error::Error;

use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:50051");
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot serve on {address}: {error}"))?;
    println!("listening on http://{}", listener.local_addr()?);

    grpcweb_runtime::serve(listener, slimmer_server::router())
        .with_graceful_shutdown(async {
            // Without a handler for the signal there is no ending gracefully.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending().await
            }
        })
        .await?;
    Ok(())
}
