//! The service on connectrpc, with its own server.

mod service;

use std::io;
use std::sync::Arc;

use connectrpc::{Router, Server};
use service::MyBench;

fn main() -> io::Result<()> {
    let router = Router::new().add_service(Arc::new(MyBench));
    harness::serve(|listener| async {
        Server::from_listener(listener)
            .serve(router)
            .await
            .map_err(io::Error::other)
    })
}
