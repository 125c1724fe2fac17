use http::header::{HOST, PROXY_AUTHORIZATION};
use http::{HeaderValue, Request, Response, Version};

use super::connector::Connector;
use super::outgoing::Outgoing;
use super::pool::{Lease, Pool};
use super::{ChannelError, ChannelPhase};
use crate::Body;

/// One server, and the connections to it.
pub(super) struct Endpoint {
    connector: Connector,
    pool: Pool,
    /// What HTTP/1.1 calls the server.
    host: HeaderValue,
}

impl Endpoint {
    pub(super) fn new(connector: Connector, pool: Pool) -> Result<Self, ChannelError> {
        let route = connector.route();
        let host = route.target.base.host_header().map_err(|error| {
            ChannelError::usage_because(&route.address, "the host makes no header", error)
        })?;
        Ok(Self {
            connector,
            pool,
            host,
        })
    }

    pub(super) fn address(&self) -> &str {
        &self.connector.route().address
    }

    pub(super) async fn connect(&self) -> Result<(), ChannelError> {
        self.connector.connect().await.map(drop)
    }

    pub(super) async fn send(
        &self,
        mut request: Request<Outgoing>,
    ) -> Result<Response<Body>, ChannelError> {
        let route = self.connector.route();
        let needs_http2 = request.version() == Version::HTTP_2;
        if needs_http2 && !route.http2_only && !route.target.base.is_tls() {
            return Err(ChannelError::needs_http2(
                ChannelPhase::Usage,
                &route.address,
                "build the channel with `http2_prior_knowledge()`, or use https://",
            ));
        }
        let below = route.target.base.put_above(request.uri_mut());
        below.map_err(|error| ChannelError::no_uri(&route.address, error))?;
        if let Some(proxy) = route.proxy.as_ref().filter(|_| route.is_forwarded()) {
            if let Some(authorization) = &proxy.authorization {
                let headers = request.headers_mut();
                headers.insert(PROXY_AUTHORIZATION, authorization.clone());
            }
        }
        loop {
            let lease = self.pool.lease(&self.connector).await?;
            if needs_http2 && !lease.is_http2() {
                self.pool.put(lease);
                return Err(self.connector.no_http2_by_alpn());
            }
            let is_reused = lease.is_reused;
            self.fit(&mut request, &lease)?;
            let mut failure = match self.pool.send(lease, request).await {
                Ok(response) => return Ok(response.map(Body::new)),
                Err(failure) => failure,
            };
            match failure.take_message() {
                // The server closed the connection before it was asked: another one may do.
                Some(unsent) if is_reused => request = unsent,
                _ => {
                    let error = failure.into_error();
                    // Of a request that hyper still had all of.
                    let unsent = error.is_canceled();
                    let address = self.address();
                    return Err(ChannelError::no_response(address, error.into(), unsent));
                }
            }
        }
    }

    /// Writes a request as the connection has it: HTTP/1.1 has the server beside the path, unless a proxy
    /// reads it.
    fn fit(&self, request: &mut Request<Outgoing>, lease: &Lease) -> Result<(), ChannelError> {
        let route = self.connector.route();
        let base = &route.target.base;
        if !lease.is_http2() {
            let host = || self.host.clone();
            request.headers_mut().entry(HOST).or_insert_with(host);
        }
        let fitted = if lease.is_http2() || route.is_forwarded() {
            base.put_server_in(request.uri_mut())
        } else {
            base.put_server_out(request.uri_mut())
        };
        fitted.map_err(|error| ChannelError::no_uri(&route.address, error))
    }
}
