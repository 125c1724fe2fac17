//! The service of the standard interoperability tests, as a web application that clients of any origin
//! may call.

mod calls;
mod echo;
mod service;
pub mod tls;

/// The code generated from `proto/`.
pub mod proto {
    grpcweb_runtime::include_protos!();
}

use std::time::Duration;

use axum::extract::{Path, State};
use axum::middleware;
use axum::routing::{get, post};
use grpcweb_runtime::health::{HealthReporter, ServingStatus};
use grpcweb_runtime::reflection::Reflection;
use grpcweb_runtime::{CompressionEncoding, Cors, Router, ServerOptions};
use http::StatusCode;
use proto::grpc::testing::TEST_SERVICE_SERVICE;
use proto::grpc::testing::test_service_server::TestServiceServer;

pub use calls::{CALL_ID, Calls};
pub use echo::{INITIAL, TRAILING};
pub use service::Interop;

/// How long `/calls/{id}/{state}` waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// The service, with CORS for pages of any origin. Beside it, `/calls/{id}/{state}` answers once the
/// streaming call with that [`CALL_ID`] is `running`, has `ended`, or was `cancelled`, and with HTTP 408
/// where that does not happen within five seconds, and a POST to `/health/{status}`, `serving` or
/// `not-serving` or `shut-down`, sets what the health service says of the service.
pub fn app() -> axum::Router {
    app_with(ServerOptions::new())
}

/// The same, where messages and bodies are compressed for clients that accept it.
pub fn compressing_app() -> axum::Router {
    let options = ServerOptions::new().send_compressed(CompressionEncoding::Gzip);
    app_with(options.content_encoding(true))
}

fn app_with(options: ServerOptions) -> axum::Router {
    let options = options.accept_compressed(CompressionEncoding::Gzip);
    let calls = Calls::default();
    let service = TestServiceServer::new(Interop::new(calls.clone()));
    let health = HealthReporter::new();
    let services = Router::new()
        .with_options(options)
        .add_service(service)
        .add_service(health.service())
        .with_reflection(reflection());
    axum::Router::new()
        .route("/calls/{id}/{state}", get(reached))
        .with_state(calls)
        .route("/health/{status}", post(set_health).with_state(health))
        // As the fallback, so that services that are not there are told apart from pages that are not.
        .fallback_service(services)
        .layer(middleware::from_fn(echo::initial_of_failures))
        .layer(cors())
}

fn cors() -> Cors {
    let any_origin = Cors::origins_where(|_, _| true);
    any_origin.expose([INITIAL]).expect("the name of a header")
}

fn reflection() -> Reflection {
    Reflection::from_descriptor_set(proto::FILE_DESCRIPTOR_SET).expect("what the build embedded")
}

async fn set_health(
    State(health): State<HealthReporter>,
    Path(status): Path<String>,
) -> StatusCode {
    match status.as_str() {
        "serving" => health.set(&TEST_SERVICE_SERVICE, ServingStatus::Serving),
        "not-serving" => health.set(&TEST_SERVICE_SERVICE, ServingStatus::NotServing),
        "shut-down" => health.shut_down(),
        _ => return StatusCode::NOT_FOUND,
    }
    StatusCode::NO_CONTENT
}

async fn reached(
    State(calls): State<Calls>,
    Path((id, state)): Path<(String, String)>,
) -> StatusCode {
    let Some(state) = calls::State::named(&state) else {
        return StatusCode::NOT_FOUND;
    };
    match tokio::time::timeout(PATIENCE, calls.reached(&id, state)).await {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::REQUEST_TIMEOUT,
    }
}
