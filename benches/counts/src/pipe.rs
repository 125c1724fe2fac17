//! A connection in memory, as a listener has it.

use std::future::pending;
use std::io;
use std::net::SocketAddr;

use grpcweb_runtime::server::Listener;
use tokio::io::DuplexStream;

/// How many bytes may be on their way in one direction.
pub(crate) const CAPACITY: usize = 256 * 1024;

/// A listener with a single connection.
#[derive(Debug)]
pub(crate) struct Once(pub(crate) Option<DuplexStream>);

impl Listener for Once {
    type Io = DuplexStream;

    async fn accept(&mut self) -> io::Result<(DuplexStream, Option<SocketAddr>)> {
        match self.0.take() {
            Some(io) => Ok((io, None)),
            None => pending().await,
        }
    }
}
