//! The slimmer's server: keeps what systems report, in memory.

mod service;
mod store;

use grpcweb_runtime::Router;
use slimmer_grpc::main_server::MainServer;

pub use service::Slimmer;

/// The server's services, with an empty store.
#[must_use]
pub fn router() -> Router {
    Router::new().add_service(MainServer::new(Slimmer::default()))
}
