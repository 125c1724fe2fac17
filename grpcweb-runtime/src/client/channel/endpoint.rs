use http::header::PROXY_AUTHORIZATION;
use http::{Request, Response, Version};
use hyper_util::client::legacy;

use super::connector::Connector;
use super::outgoing::Outgoing;
use super::{ChannelError, ChannelPhase, cause};
use crate::Body;

/// One server, and the connections to it.
pub(super) struct Endpoint {
    client: legacy::Client<Connector, Outgoing>,
    connector: Connector,
}

impl Endpoint {
    pub(super) fn new(builder: &legacy::Builder, connector: Connector) -> Self {
        let client = builder.build(connector.clone());
        Self { client, connector }
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
        match route.target.base.join(request.uri().path_and_query()) {
            Ok(uri) => *request.uri_mut() = uri,
            Err(error) => return Err(ChannelError::no_uri(&route.address, error)),
        }
        if let Some(proxy) = route.proxy.as_ref().filter(|_| route.is_forwarded()) {
            if let Some(authorization) = &proxy.authorization {
                let headers = request.headers_mut();
                headers.insert(PROXY_AUTHORIZATION, authorization.clone());
            }
        }
        match self.client.request(request).await {
            Ok(response) => Ok(response.map(Body::new)),
            Err(error) => Err(self.error(error, needs_http2)),
        }
    }

    fn error(&self, failure: legacy::Error, needs_http2: bool) -> ChannelError {
        // What the connector said, without hyper's words around it.
        if let Some(error) = cause::find::<ChannelError>(&failure) {
            return error.clone();
        }
        let connected = failure.connect_info();
        if needs_http2
            && !self.connector.route().http2_only
            && connected.is_some_and(|connected| !connected.is_negotiated_h2())
        {
            return self.connector.no_http2_by_alpn();
        }
        // Without a connection, or of a request that hyper still has all of.
        let unsent = connected.is_none()
            || cause::find::<hyper::Error>(&failure).is_some_and(hyper::Error::is_canceled);
        ChannelError::no_response(self.address(), failure.into(), unsent)
    }
}
