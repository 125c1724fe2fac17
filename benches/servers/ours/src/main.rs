//! The service on grpcweb, with its own server.

mod service;

use grpcweb_runtime::Router;
use service::{BenchServer, MyBench};

fn main() -> std::io::Result<()> {
    let router = Router::new().add_service(BenchServer::new(MyBench));
    harness::serve(|listener| grpcweb_runtime::serve(listener, router).into_future())
}
