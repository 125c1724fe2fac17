//! The service on connectrpc, behind axum.

#[path = "../../connectrpc/src/service.rs"]
mod service;

use std::sync::Arc;

use axum::serve::ListenerExt as _;
use connectrpc::Router;
use service::MyBench;

fn main() -> std::io::Result<()> {
    let connect = Router::new().add_service(Arc::new(MyBench));
    let app = axum::Router::new().fallback_service(connect.into_axum_service());
    harness::serve(|listener| {
        let listener = listener.tap_io(|connection| {
            // A connection that is gone already fails on its own.
            let _ = connection.set_nodelay(true);
        });
        axum::serve(listener, app).into_future()
    })
}
