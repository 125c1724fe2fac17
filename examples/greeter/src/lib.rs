//! The greeter: a service, and the web application that it stands in.

mod client;
mod pages;
mod service;

/// The code generated from `helloworld.proto`.
pub mod proto {
    grpcweb_runtime::include_protos!();
}

use grpcweb_runtime::Router;
use proto::helloworld::greeter_server::GreeterServer;

pub use client::greet;
pub use service::MyGreeter;

/// The application: its pages, and the service next to them.
pub fn app() -> axum::Router {
    let rpc = Router::new().add_service(GreeterServer::new(MyGreeter));
    pages::router().merge(rpc.into_axum_router())
}
