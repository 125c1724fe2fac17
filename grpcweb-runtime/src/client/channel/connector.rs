use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use tower_service::Service as _;

use super::connection::{Connection, Io};
use super::proxy::Proxy;
use super::resolver::{Resolver, Unresolved};
use super::target::{Place, Target};
#[cfg(feature = "tls")]
use super::tls::Tls;
use super::{ChannelError, ChannelPhase, cause};
use crate::BoxError;

/// After how long a silent server is asked whether it is still there: by TCP, as some servers take pings of
/// HTTP/2 for an attack.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// Makes the connections of a channel: to its server, be it through a proxy, and with TLS.
#[derive(Clone)]
pub(super) struct Connector(Arc<Inner>);

struct Inner {
    route: Route,
    tcp: HttpConnector<Resolver>,
}

/// What connections a channel has.
pub(super) struct Route {
    pub(super) target: Target,
    /// `host:port` of the target.
    pub(super) address: String,
    pub(super) proxy: Option<Proxy>,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<Tls>,
    /// HTTP/2 and nothing else.
    pub(super) http2_only: bool,
    /// For all that comes before the first request.
    pub(super) timeout: Duration,
}

impl Route {
    /// Whether the proxy, where there is one, is told of each request, and not of connections.
    pub(super) fn is_forwarded(&self) -> bool {
        self.proxy.is_some() && !self.target.base.is_tls() && !self.http2_only
    }
}

impl Connector {
    pub(super) fn new(route: Route) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Resolver);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEP_ALIVE));
        // Shared out among the addresses of a host, so that one that is silent leaves time for the next.
        tcp.set_connect_timeout(Some(route.timeout));
        Self(Arc::new(Inner { route, tcp }))
    }

    pub(super) fn route(&self) -> &Route {
        &self.0.route
    }

    pub(super) async fn connect(&self) -> Result<Connection, ChannelError> {
        let route = self.route();
        let started = Instant::now();
        let mut io = self.open(started).await?;
        if let Some(proxy) = route.proxy.as_ref().filter(|_| !route.is_forwarded()) {
            let tunnel = proxy.open_tunnel(io.as_mut(), &route.address);
            self.within(started, ChannelPhase::Proxy, tunnel).await?;
        }
        #[cfg(feature = "tls")]
        if let Some(tls) = &route.tls {
            let handshake = async { Ok(tls.handshake(io).await?) };
            let connection = self.within(started, ChannelPhase::Tls, handshake).await?;
            if route.http2_only && !connection.is_http2 {
                return Err(self.no_http2_by_alpn());
            }
            return Ok(connection);
        }
        Ok(Connection::new(io))
    }

    /// Why a call that needs HTTP/2 cannot be made over a connection with TLS.
    pub(super) fn no_http2_by_alpn(&self) -> ChannelError {
        ChannelError::needs_http2(
            ChannelPhase::Tls,
            &self.route().address,
            "the server did not choose `h2` in the TLS handshake (ALPN); enable HTTP/2 there, or speak \
             gRPC-Web to it",
        )
    }

    /// A connection to the proxy or, without one, to the server.
    async fn open(&self, started: Instant) -> Result<Box<dyn Io>, ChannelError> {
        let route = self.route();
        match (&route.target.place, &route.proxy) {
            #[cfg(unix)]
            (Place::Unix(path), _) => {
                let connect = async { Ok(tokio::net::UnixStream::connect(path).await?) };
                let stream = self.within(started, ChannelPhase::Connect, connect).await?;
                Ok(Box::new(stream))
            }
            (_, Some(proxy)) => self.dial(started, ChannelPhase::Proxy, &proxy.uri).await,
            _ => {
                let uri = route.target.base.join(None);
                let uri = uri.map_err(|error| self.error(ChannelPhase::Connect, error.into()))?;
                self.dial(started, ChannelPhase::Connect, &uri).await
            }
        }
    }

    async fn dial(
        &self,
        started: Instant,
        phase: ChannelPhase,
        uri: &Uri,
    ) -> Result<Box<dyn Io>, ChannelError> {
        let mut tcp = self.0.tcp.clone();
        let connect = async { Ok(tcp.call(uri.clone()).await?) };
        let stream = self.within(started, phase, connect).await?;
        Ok(Box::new(stream.into_inner()))
    }

    /// One step of making a connection, for which what is left of the timeout is the limit.
    async fn within<T>(
        &self,
        started: Instant,
        phase: ChannelPhase,
        step: impl Future<Output = Result<T, BoxError>>,
    ) -> Result<T, ChannelError> {
        let timeout = self.route().timeout;
        let left = timeout.saturating_sub(started.elapsed());
        match tokio::time::timeout(left, step).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(self.error(phase, error)),
            Err(_) => Err(self.error(phase, format!("not made within {timeout:?}").into())),
        }
    }

    fn error(&self, phase: ChannelPhase, source: BoxError) -> ChannelError {
        let route = self.route();
        let phase = match phase {
            ChannelPhase::Connect if cause::find::<Unresolved>(source.as_ref()).is_some() => {
                ChannelPhase::Resolve
            }
            phase => phase,
        };
        let proxy = route.proxy.as_ref().map(Proxy::address);
        ChannelError::unreachable(phase, &route.address, proxy.as_deref(), source)
    }
}
