use std::future::Future;

use http::{Extensions, HeaderMap};
use prost::Message;

use super::respond::{self, ResponseFuture};
use super::service::split_path;
use crate::inbound::Inbound;
use crate::wire::protocol::Protocol;
use crate::{Body, Limits, MetadataMap, Request, Response, Status, Streaming, codec, outbound};

/// A request on its way to the method that it names. Generated code picks the method; everything
/// else about a call is done here, once for all services.
#[derive(Debug)]
pub struct Call {
    request: http::Request<Body>,
    protocol: Protocol,
    limits: Limits,
}

impl Call {
    pub(super) fn new(request: http::Request<Body>, protocol: Protocol, limits: Limits) -> Self {
        Self {
            request,
            protocol,
            limits,
        }
    }

    /// The name of the method, as in the `.proto` file.
    #[must_use]
    pub fn method(&self) -> &str {
        split_path(self.request.uri().path()).map_or("", |(_, method)| method)
    }

    /// Runs a method that takes one message and returns one.
    pub fn unary<Req, Res, H, F>(self, handler: H) -> ResponseFuture
    where
        Req: Message + Default + 'static,
        Res: Message + 'static,
        H: FnOnce(Request<Req>) -> F + Send + 'static,
        F: Future<Output = Result<Response<Res>, Status>> + Send + 'static,
    {
        let (receive, reply) = self.split();
        ResponseFuture::running(async move {
            match receive.message().await {
                Ok(request) => reply.unary(handler(request).await),
                Err(status) => reply.error(&status),
            }
        })
    }

    /// Runs a method that takes one message and returns a stream of them.
    pub fn server_streaming<Req, Res, H, F>(self, handler: H) -> ResponseFuture
    where
        Req: Message + Default + 'static,
        Res: Message + 'static,
        H: FnOnce(Request<Req>) -> F + Send + 'static,
        F: Future<Output = Result<Response<Streaming<Res>>, Status>> + Send + 'static,
    {
        let (receive, reply) = self.split();
        ResponseFuture::running(async move {
            match receive.message().await {
                Ok(request) => reply.streaming(handler(request).await),
                Err(status) => reply.error(&status),
            }
        })
    }

    /// Runs a method that takes a stream of messages and returns one.
    pub fn client_streaming<Req, Res, H, F>(self, handler: H) -> ResponseFuture
    where
        Req: Message + Default + 'static,
        Res: Message + 'static,
        H: FnOnce(Request<Streaming<Req>>) -> F + Send + 'static,
        F: Future<Output = Result<Response<Res>, Status>> + Send + 'static,
    {
        let (receive, reply) = self.split();
        ResponseFuture::running(async move { reply.unary(handler(receive.stream()).await) })
    }

    /// Runs a method that takes and returns streams of messages.
    pub fn bidi_streaming<Req, Res, H, F>(self, handler: H) -> ResponseFuture
    where
        Req: Message + Default + 'static,
        Res: Message + 'static,
        H: FnOnce(Request<Streaming<Req>>) -> F + Send + 'static,
        F: Future<Output = Result<Response<Streaming<Res>>, Status>> + Send + 'static,
    {
        let (receive, reply) = self.split();
        ResponseFuture::running(async move { reply.streaming(handler(receive.stream()).await) })
    }

    /// Answers that the service has no such method.
    pub fn unimplemented(self) -> ResponseFuture {
        let path = self.request.uri().path();
        let status =
            Status::unimplemented(format!("there is no method for the path {path:?} here"));
        ResponseFuture::ready(respond::error(self.protocol, &status))
    }

    fn split(self) -> (Receive, Reply) {
        let (head, body) = self.request.into_parts();
        let receive = Receive {
            headers: head.headers,
            extensions: head.extensions,
            inbound: Inbound::request(body, self.protocol, self.limits),
        };
        let reply = Reply {
            protocol: self.protocol,
            limits: self.limits,
        };
        (receive, reply)
    }
}

/// The half of a call that comes in.
struct Receive {
    headers: HeaderMap,
    extensions: Extensions,
    inbound: Inbound,
}

impl Receive {
    async fn message<T: Message + Default>(mut self) -> Result<Request<T>, Status> {
        let (payload, _) = self.inbound.single().await?;
        let message = codec::decode_request(payload)?;
        let metadata = MetadataMap::from_headers(self.headers);
        Ok(Request::from_parts(message, metadata, self.extensions))
    }

    fn stream<T: Message + Default>(self) -> Request<Streaming<T>> {
        let messages = Streaming::from_inbound(self.inbound, codec::decode_request);
        let metadata = MetadataMap::from_headers(self.headers);
        Request::from_parts(messages, metadata, self.extensions)
    }
}

/// The half of a call that goes out.
#[derive(Clone, Copy)]
struct Reply {
    protocol: Protocol,
    limits: Limits,
}

impl Reply {
    fn unary<T: Message>(self, result: Result<Response<T>, Status>) -> http::Response<Body> {
        let encoded = result.and_then(|response| {
            let (message, metadata, trailers) = response.into_parts();
            let body = outbound::unary(self.protocol, self.limits, &message, trailers)?;
            Ok(respond::rpc(self.protocol, metadata, body))
        });
        encoded.unwrap_or_else(|status| self.error(&status))
    }

    fn streaming<T: Message + 'static>(
        self,
        result: Result<Response<Streaming<T>>, Status>,
    ) -> http::Response<Body> {
        match result {
            Ok(response) => {
                let (messages, metadata, trailers) = response.into_parts();
                let body = outbound::response(self.protocol, self.limits, messages, trailers);
                respond::rpc(self.protocol, metadata, body)
            }
            Err(status) => self.error(&status),
        }
    }

    fn error(self, status: &Status) -> http::Response<Body> {
        respond::error(self.protocol, status)
    }
}
