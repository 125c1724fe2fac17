//! Pages, sessions, static files and calls in one axum application, on one port.

mod pages;
mod service;
mod sessions;

use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use greeter::proto::helloworld::greeter_server::GreeterServer;
use grpcweb_runtime::Router;
use tower_http::services::ServeDir;

use service::SessionGreeter;
use sessions::Sessions;

/// The application.
pub fn app() -> axum::Router {
    let sessions = Sessions::default();
    let rpc = Router::new().add_service(GreeterServer::new(SessionGreeter));
    let files = ServeDir::new(concat!(env!("CARGO_MANIFEST_DIR"), "/static"));
    axum::Router::new()
        .merge(pages::router())
        .merge(rpc.into_axum_router())
        .nest_service("/static", files)
        .fallback(async || (StatusCode::NOT_FOUND, "no such page"))
        // Around everything: a call knows its user as a page does.
        .layer(from_fn_with_state(sessions.clone(), sessions::find_user))
        .with_state(sessions)
}
