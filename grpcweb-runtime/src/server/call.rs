use std::future::Future;

use prost::Message;

use super::drain::{self, Remainder};
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
                Err((status, rest)) => rest.before(reply.error(&status)).await,
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
                Err((status, rest)) => rest.before(reply.error(&status)).await,
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
        ResponseFuture::running(async move {
            let (request, rest) = receive.stream();
            let result = handler(request).await;
            rest.before(reply.unary(result)).await
        })
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
        ResponseFuture::running(async move {
            let (request, rest) = receive.stream();
            match handler(request).await {
                // The two streams go on side by side.
                Ok(response) => reply.streaming(Ok(response)),
                Err(status) => rest.before(reply.error(&status)).await,
            }
        })
    }

    /// Answers that the service has no such method.
    pub fn unimplemented(self) -> ResponseFuture {
        let path = self.request.uri().path();
        let status =
            Status::unimplemented(format!("there is no method for the path {path:?} here"));
        ResponseFuture::early(self.request, respond::error(self.protocol, &status))
    }

    fn split(self) -> (Receive, Reply) {
        let reply = Reply {
            protocol: self.protocol,
            limits: self.limits,
        };
        (Receive { call: self }, reply)
    }
}

/// The half of a call that comes in.
struct Receive {
    call: Call,
}

impl Receive {
    /// The request of a method that takes one message; what is left of it where it is not as it should
    /// be.
    async fn message<T: Message + Default>(self) -> Result<Request<T>, (Status, Rest)> {
        let (head, body) = self.call.request.into_parts();
        let matters = drain::matters(head.version, &body);
        let mut inbound = Inbound::request(body, self.call.protocol, self.call.limits, None);
        let received = inbound.single().await;
        match received.and_then(|(payload, _)| codec::decode_request(payload)) {
            Ok(message) => {
                let metadata = MetadataMap::from_headers(head.headers);
                Ok(Request::from_parts(message, metadata, head.extensions))
            }
            Err(status) => {
                let rest = matters.then(|| Remainder::of(inbound.take_body()));
                Err((status, Rest(rest)))
            }
        }
    }

    /// The request of a method that takes a stream of messages, and what will be left of it.
    fn stream<T: Message + Default>(self) -> (Request<Streaming<T>>, Rest) {
        let (head, body) = self.call.request.into_parts();
        let rest = drain::matters(head.version, &body).then(Remainder::default);
        let inbound = Inbound::request(body, self.call.protocol, self.call.limits, rest.clone());
        let messages = Streaming::from_inbound(inbound, codec::decode_request);
        let metadata = MetadataMap::from_headers(head.headers);
        let request = Request::from_parts(messages, metadata, head.extensions);
        (request, Rest(rest))
    }
}

/// What is left of a request once nobody reads it any more.
struct Rest(Option<Remainder>);

impl Rest {
    /// Reads it, as far as the connection needs it, before an answer goes out.
    async fn before(self, answer: http::Response<Body>) -> http::Response<Body> {
        match self.0.and_then(|rest| rest.take()) {
            Some(body) => drain::drain(body, answer).await,
            None => answer,
        }
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
