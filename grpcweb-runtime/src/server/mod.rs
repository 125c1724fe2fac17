//! The server half: from an HTTP request to a handler, and back.

mod call;
mod respond;
mod router;
#[cfg(feature = "serve")]
mod serve;
mod service;

pub use call::Call;
pub use respond::ResponseFuture;
pub use router::Router;
#[cfg(feature = "serve")]
pub use serve::{Serve, serve};
pub use service::{RpcService, handle};
