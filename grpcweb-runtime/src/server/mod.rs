//! The server half: from an HTTP request to a handler, and back.

mod call;
mod drain;
mod respond;
mod router;
#[cfg(feature = "serve")]
mod serve;
mod service;

#[doc(hidden)]
pub use call::Call;
pub(crate) use drain::Remainder;
pub use respond::ResponseFuture;
pub use router::Router;
#[cfg(feature = "serve")]
pub use serve::{Serve, serve};
pub use service::RpcService;
#[doc(hidden)]
pub use service::handle;
