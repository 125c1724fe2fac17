//! A site that knows nothing of calls, and the greeter as a layer in front of it.

use std::convert::Infallible;

use greeter::MyGreeter;
use greeter::proto::helloworld::greeter_server::GreeterServer;
use grpcweb_runtime::server::{InvalidNetwork, TrustedProxies};
use grpcweb_runtime::{Body, Router};
use http::{Method, Request, Response, StatusCode};
use tower::{Service, ServiceBuilder};

/// The whole application: who is calling, then the greeter, then the site.
///
/// # Errors
///
/// Where the networks of the proxies are none.
pub fn app<B: grpcweb_runtime::HttpBody>() -> Result<
    impl Service<Request<B>, Response = Response<Body>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + 'static,
    InvalidNetwork,
> {
    let rpc = Router::new().add_service(GreeterServer::new(MyGreeter));
    Ok(ServiceBuilder::new()
        .layer(TrustedProxies::new(["127.0.0.0/8", "::1"])?)
        .layer(rpc)
        .service_fn(site))
}

/// The site. Any tower service for HTTP requests could stand here.
async fn site<B>(request: Request<B>) -> Result<Response<String>, Infallible> {
    let (status, page) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => (StatusCode::OK, "<h1>An ordinary page</h1>"),
        (&Method::POST, "/api/ping") => (StatusCode::OK, r#"{"pong":true}"#),
        _ => (StatusCode::NOT_FOUND, "no such page"),
    };
    let mut response = Response::new(page.to_owned());
    *response.status_mut() = status;
    Ok(response)
}
