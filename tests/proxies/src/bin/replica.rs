//! One replica of the service: `replica ADDRESS NAME`. It shuts down gracefully on SIGTERM.

use std::error::Error;

use grpcweb_runtime::Router;
use proxies::MyProbe;
use proxies::proto::probe::probe_server::ProbeServer;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(name)) = (arguments.next(), arguments.next()) else {
        return Err("an address and a name are needed".into());
    };
    let mut terminate = signal(SignalKind::terminate())?;
    let listener = TcpListener::bind(address).await?;
    let router = Router::new().add_service(ProbeServer::new(MyProbe::new(name)));
    println!("listening");
    grpcweb_runtime::serve(listener, router)
        .with_graceful_shutdown(async move {
            terminate.recv().await;
        })
        .await?;
    Ok(())
}
