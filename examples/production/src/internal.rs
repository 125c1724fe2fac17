use std::io;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use grpcweb_runtime::health::HealthReporter;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;

/// How often what was measured is summed up: it takes memory until then.
const UPKEEP: Duration = Duration::from_secs(5);

/// Serves the pages for operators until it is dropped.
pub(crate) async fn serve(
    listener: TcpListener,
    health: &HealthReporter,
    metrics: PrometheusHandle,
) -> io::Result<()> {
    tokio::spawn(keep_up(metrics.clone()));
    let pages = Router::new()
        .route("/metrics", get(async move || metrics.render()))
        .route_service("/readyz", health.http_probe());
    grpcweb_runtime::serve(listener, pages).await
}

async fn keep_up(metrics: PrometheusHandle) {
    let mut interval = tokio::time::interval(UPKEEP);
    loop {
        interval.tick().await;
        metrics.run_upkeep();
    }
}
