//! The client transport on hyper.

mod balance;
mod builder;
mod cause;
mod connection;
mod connector;
mod endpoint;
mod outgoing;
mod pool;
mod proxy;
mod resolver;
mod target;
#[cfg(feature = "tls")]
mod tls;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use http::{Request, Response};
use tower_service::Service;

use super::common::{ChannelError, ChannelPhase};
use crate::Body;
use balance::Balance;
use endpoint::Endpoint;
use outgoing::Outgoing;

pub use balance::Change;
pub use builder::ChannelBuilder;

/// A transport on hyper, to one server or to several that do the same: HTTP/1.1 with kept connections, or
/// HTTP/2.
///
/// Nothing is sent before the first call. Clones share their connections. It runs on tokio: a connection is
/// driven by the runtime of the call that made it, and ends with that runtime, for calls from others as well.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use grpcweb_runtime::Channel;
/// use hello_world::HelloRequest;
/// use hello_world::greeter_client::GreeterClient;
///
/// let greeter = GreeterClient::new(Channel::new("http://127.0.0.1:8080")?);
/// let reply = greeter.say_hello(HelloRequest { name: "world".into() }).await?;
/// println!("{}", reply.get_ref().message);
/// # Ok(())
/// # }
/// ```
///
/// # Servers
///
/// - `http://host:port` speaks HTTP/1.1, or HTTP/2 with [`ChannelBuilder::http2_prior_knowledge`], which
///   gRPC needs.
/// - `https://host` speaks what the server chooses of the two. It needs one of the features
///   `tls-native-roots` and `tls-webpki-roots`, or `tls` and a certificate authority that the builder is
///   given.
/// - `unix:/path/to.sock` is a socket of this machine.
///
/// # Proxies
///
/// As other clients do, it goes through the HTTP proxy that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and
/// `NO_PROXY` name, with the user and the password in its URL, but for hosts that are this machine. A
/// server on `http://` that is not spoken to in HTTP/2 is asked for request by request, any other with
/// `CONNECT`. [`ChannelBuilder::no_proxy`] turns that off.
#[derive(Clone)]
pub struct Channel {
    servers: Servers,
}

#[derive(Clone)]
enum Servers {
    One(Arc<Endpoint>),
    Several(Arc<Balance>),
}

impl Channel {
    /// A channel to the server at a URI, as in `http://127.0.0.1:8080` or, where the service is
    /// below a path, `https://example.com/api`.
    ///
    /// # Errors
    ///
    /// Where the URI is not one that a channel knows, or needs a feature that is not turned on.
    pub fn new(uri: &str) -> Result<Self, ChannelError> {
        Self::builder().build(uri)
    }

    /// Settings for a channel.
    pub fn builder() -> ChannelBuilder {
        ChannelBuilder::new()
    }

    /// One channel to several servers. A call goes to the one of two, picked at random, that has fewer
    /// calls to answer.
    ///
    /// A server that cannot be connected to is left alone for a while, a second at first and up to 30
    /// later, and the call goes to another one. A call that a server may have seen is not sent again.
    /// There is no queue: a call fails once no server is left to try.
    ///
    /// ```
    /// use grpcweb_runtime::Channel;
    ///
    /// # fn main() -> Result<(), grpcweb_runtime::client::ChannelError> {
    /// let channel = Channel::balanced(["http://10.0.0.1:8080", "http://10.0.0.2:8080"])?;
    /// # let _ = channel;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Channel::new`], for each URI, and where there is none.
    pub fn balanced<U: AsRef<str>>(
        uris: impl IntoIterator<Item = U>,
    ) -> Result<Self, ChannelError> {
        Self::builder().build_balanced(uris)
    }

    /// The same as [`Channel::balanced`], over servers that come and go: a stream says which.
    ///
    /// The stream is read from the first call on. A call that is made while no server is known waits up
    /// to 10 seconds for one. What is known when the stream ends stays.
    ///
    /// ```
    /// use grpcweb_runtime::Channel;
    /// use grpcweb_runtime::client::Change;
    ///
    /// # fn main() -> Result<(), grpcweb_runtime::client::ChannelError> {
    /// let first = Channel::new("http://10.0.0.1:8080")?;
    /// let changes = futures_util::stream::iter([Change::Insert("first".into(), first)]);
    /// let channel = Channel::discovered(changes);
    /// # let _ = channel;
    /// # Ok(())
    /// # }
    /// ```
    pub fn discovered(changes: impl Stream<Item = Change> + Send + 'static) -> Self {
        Self::over(Balance::discovered(Box::pin(changes)))
    }

    fn to(endpoint: Endpoint) -> Self {
        let servers = Servers::One(Arc::new(endpoint));
        Self { servers }
    }

    fn over(balance: Balance) -> Self {
        let servers = Servers::Several(Arc::new(balance));
        Self { servers }
    }

    /// Finds out whether the server can be connected to, TLS and proxies included; of several, whether one
    /// can. The connection is closed again: calls make their own.
    ///
    /// # Errors
    ///
    /// What a call would fail with.
    pub async fn connect(&self) -> Result<(), ChannelError> {
        match &self.servers {
            Servers::One(endpoint) => endpoint.connect().await,
            Servers::Several(balance) => balance.connect().await,
        }
    }

    async fn send(self, request: Request<Outgoing>) -> Result<Response<Body>, ChannelError> {
        match self.servers {
            Servers::One(endpoint) => endpoint.send(request).await,
            Servers::Several(balance) => balance.send(request).await,
        }
    }
}

impl Service<Request<Body>> for Channel {
    type Response = Response<Body>;
    type Error = ChannelError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, ChannelError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ChannelError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let request = request.map(Outgoing::Owned);
        match &self.servers {
            Servers::One(endpoint) => {
                let endpoint = Arc::clone(endpoint);
                Box::pin(async move { endpoint.send(request).await })
            }
            Servers::Several(_) => Box::pin(self.clone().send(request)),
        }
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.servers {
            Servers::One(endpoint) => f.debug_tuple("Channel").field(&endpoint.address()).finish(),
            Servers::Several(balance) => f.debug_tuple("Channel").field(balance).finish(),
        }
    }
}
