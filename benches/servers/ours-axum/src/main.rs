//! The service on grpcweb, in axum.

#[path = "../../ours/src/service.rs"]
mod service;

use axum::serve::ListenerExt as _;
use grpcweb_runtime::Router;
use service::{BenchServer, MyBench};

fn main() -> std::io::Result<()> {
    let rpc = Router::new().add_service(BenchServer::new(MyBench));
    let app = axum::Router::new().merge(rpc.into_axum_router());
    harness::serve(|listener| {
        let listener = listener.tap_io(|connection| {
            // A connection that is gone already fails on its own.
            let _ = connection.set_nodelay(true);
        });
        axum::serve(listener, app).into_future()
    })
}
