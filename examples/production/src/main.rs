//! A service that is ready to be operated. `--help` tells its settings.

mod app;
mod internal;
mod service;
mod settings;
mod telemetry;
mod tls;

use clap::Parser as _;
use grpcweb_runtime::BoxError;
use grpcweb_runtime::health::HealthReporter;
use grpcweb_runtime::server::{bind, listener_from_env_or};

use settings::Settings;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let settings = Settings::parse();
    telemetry::log(settings.log);
    // Before the application, which describes its metrics to it.
    let metrics = telemetry::metrics()?;
    let health = HealthReporter::new();
    let app = app::app(&settings, &health)?;
    let tls = settings.tls_files().map(tls::reloading).transpose()?;

    let calls = listener_from_env_or(&settings.address[..]).await?;
    let pages = bind(&settings.internal_address[..]).await?;
    tracing::info!(calls = %calls.local_addr()?, pages = %pages.local_addr()?, "serving");

    let readiness = health.clone();
    let server = grpcweb_runtime::serve(calls, app)
        .tls(tls)
        .with_shutdown_signals()
        .on_shutdown(move || {
            tracing::info!("shutting down");
            readiness.shut_down();
        })
        .drain_delay(settings.drain_delay)
        .grace_period(settings.grace_period);

    tokio::select! {
        ended = server.into_future() => ended?,
        // Ends with the other one, and not before: until then it tells how far the shutdown is.
        ended = internal::serve(pages, &health, metrics) => ended?,
    }
    // No call runs any more: exporters that hold traces back would be flushed here.
    tracing::info!("ended");
    Ok(())
}
