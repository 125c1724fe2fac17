use std::time::Duration;

use grpcweb_runtime::health::{HealthReporter, ServingStatus};
use grpcweb_runtime::observe::{Metrics, Tracing};
use grpcweb_runtime::rate_limit::RateLimit;
use grpcweb_runtime::reflection::Reflection;
use grpcweb_runtime::server::{TrustedProxies, WithClientIp};
use grpcweb_runtime::{BoxError, CompressionEncoding, Router, ServerOptions};

use crate::service::MyWarehouse;
use crate::settings::Settings;
use proto::warehouse::v1::WAREHOUSE_SERVICE;
use proto::warehouse::v1::warehouse_server::WarehouseServer;

pub(crate) mod proto {
    grpcweb_runtime::include_protos!();
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// What is served: the warehouse, its health, and reflection where it is wanted.
pub(crate) fn app(
    settings: &Settings,
    health: &HealthReporter,
) -> Result<WithClientIp<Router>, BoxError> {
    let warehouse = WarehouseServer::new(MyWarehouse::new()).with_options(of_calls(settings));
    let mut router = Router::new()
        .add_service(warehouse)
        .add_service(health.service())
        .with_options(of_all());
    if settings.reflection {
        let reflection = Reflection::from_descriptor_set(proto::FILE_DESCRIPTOR_SET)?;
        router = router.with_reflection(reflection);
    }
    health.set(&WAREHOUSE_SERVICE, ServingStatus::Serving);
    let proxies = settings.trusted_proxies.iter().map(String::as_str);
    Ok(TrustedProxies::new(proxies)?.in_front_of(router))
}

/// What holds for the warehouse. Health checks are neither limited nor logged.
fn of_calls(settings: &Settings) -> ServerOptions {
    let limit = RateLimit::gcra(settings.calls_per_minute, MINUTE, settings.burst).by_client_ip();
    let timeout = |timeout| ServerOptions::new().timeout(timeout).max_timeout(timeout);
    timeout(settings.timeout)
        .max_concurrent_calls(settings.concurrent_calls)
        .interceptor(limit)
        .observer(Tracing::new())
        .method("Watch", timeout(HOUR))
}

/// What holds for all services.
fn of_all() -> ServerOptions {
    ServerOptions::new()
        .max_decoding_message_size(64 * 1024)
        .max_encoding_message_size(1024 * 1024)
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip)
        .content_encoding(true)
        .observer(Metrics::new())
}
