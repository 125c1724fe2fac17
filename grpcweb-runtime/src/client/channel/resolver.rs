use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec::IntoIter;

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

/// The resolver of the system, with an error that can be told from those of connecting.
#[derive(Debug, Clone)]
pub(super) struct Resolver;

/// A host that has no address.
#[derive(Debug)]
pub(super) struct Unresolved(io::Error);

impl Service<Name> for Resolver {
    type Response = IntoIter<SocketAddr>;
    type Error = Unresolved;
    type Future = Pin<Box<dyn Future<Output = Result<IntoIter<SocketAddr>, Unresolved>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unresolved>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name.as_str(), 0)).await;
            Ok(addresses
                .map_err(Unresolved)?
                .collect::<Vec<_>>()
                .into_iter())
        })
    }
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Unresolved {}
