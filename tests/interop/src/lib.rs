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
use axum::routing::get;
use grpcweb_runtime::Router;
use http::{HeaderName, StatusCode};
use proto::grpc::testing::test_service_server::TestServiceServer;
use tower_http::cors::CorsLayer;

pub use calls::{CALL_ID, Calls};
pub use echo::{INITIAL, TRAILING};
pub use service::Interop;

/// How long `/calls/{id}/{state}` waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// The service, with CORS for pages of any origin. Beside it, `/calls/{id}/{state}` answers once the
/// streaming call with that [`CALL_ID`] is `running`, has `ended`, or was `cancelled`, and with HTTP 408
/// where that does not happen within five seconds.
pub fn app() -> axum::Router {
    let calls = Calls::default();
    let service = TestServiceServer::new(Interop::new(calls.clone()));
    axum::Router::new()
        .route("/calls/{id}/{state}", get(reached))
        .with_state(calls)
        // As the fallback, so that services that are not there are told apart from pages that are not.
        .fallback_service(Router::new().add_service(service))
        .layer(middleware::from_fn(echo::initial_of_failures))
        .layer(cors())
}

fn cors() -> CorsLayer {
    use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin};

    CorsLayer::new()
        .allow_origin(AllowOrigin::mirror_request())
        .allow_methods(AllowMethods::mirror_request())
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(
            [
                "grpc-status",
                "grpc-message",
                "grpc-status-details-bin",
                INITIAL,
            ]
            .map(HeaderName::from_static),
        )
        .max_age(Duration::from_secs(60 * 60))
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
