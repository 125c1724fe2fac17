//! The ordinary half of the application: a page and its scripts.

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse};
use axum::routing::get;

/// The routes of the page.
pub(crate) fn router() -> Router {
    Router::new()
        .route("/", get(async || Html(include_str!("../web/index.html"))))
        .route(
            "/page.js",
            get(async || script(include_str!("../web/page.js"))),
        )
        .route(
            "/small-client.js",
            get(async || script(include_str!("../web/small-client.js"))),
        )
        .route("/official-client.js", get(official_client))
}

fn script(source: impl IntoResponse) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], source)
}

/// The page's other client, where it has been built.
async fn official_client() -> axum::response::Response {
    const BUNDLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/web/dist/official-client.js");
    match tokio::fs::read(BUNDLE).await {
        Ok(bundle) => script(bundle).into_response(),
        Err(_) => (
            StatusCode::NOT_FOUND,
            "not built: run `npm ci && npm run build` in examples/greeter/web",
        )
            .into_response(),
    }
}
