//! One replica of the service: `replica ADDRESS NAME [DRAIN_DELAY]`, the last in milliseconds. It shuts
//! down gracefully on SIGTERM, and without delay on SIGINT after that.

use std::error::Error;
use std::time::Duration;

use grpcweb_runtime::Router;
use grpcweb_runtime::health::HealthReporter;
use grpcweb_runtime::server::TrustedProxies;
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
    let drain_delay = arguments.next().unwrap_or_else(|| "0".into()).parse()?;
    let drain_delay = Duration::from_millis(drain_delay);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut again = signal(SignalKind::interrupt())?;
    let listener = TcpListener::bind(address).await?;
    let health = HealthReporter::new();
    let router = Router::new()
        .add_service(ProbeServer::new(MyProbe::new(name)))
        .add_service(health.service());
    let app = health.http_probe().in_front_of("/readyz", router);
    let app = TrustedProxies::new(["127.0.0.0/8"])?.in_front_of(app);
    println!("listening");
    grpcweb_runtime::serve(listener, app)
        .with_graceful_shutdown(async move {
            terminate.recv().await;
        })
        .on_shutdown(move || health.shut_down())
        .drain_delay(drain_delay)
        .cut_grace_short(async move {
            again.recv().await;
        })
        .await?;
    Ok(())
}
