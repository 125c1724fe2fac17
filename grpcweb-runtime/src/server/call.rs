use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;

use super::ahead;
use super::drain;
use super::exchange::{Exchange, PollReceive};
use super::observed_body;
use super::receive::Receive;
use super::reply::{Answer, Reply};
use super::respond::{self, ResponseFuture};
use super::running::Running;
use super::settings::MethodSettings;
use crate::apart::Apart;
use crate::codec::{self, Codec};
use crate::format::Format;
use crate::inbound::Inbound;
use crate::{Body, ConnectionInfo, MethodDescriptor, Request, Response, Status, Streaming};

/// A request on its way to the method that it names. Generated code picks the method; everything
/// else about a call is done here, once for all services.
#[derive(Debug)]
pub struct Call {
    pub(super) request: http::Request<Body>,
    /// The connection that it came over, where the server says so beside the request.
    pub(super) connection: Option<ConnectionInfo>,
    /// Where the name of the method begins in the path.
    pub(super) method_at: usize,
    /// How the messages of the request come.
    pub(super) format: Format,
    pub(super) answer: Answer,
    pub(super) settings: Arc<MethodSettings>,
    pub(super) running: Running,
    /// The method, where interceptors or observers see the call.
    pub(super) method: Option<&'static MethodDescriptor>,
}

impl Call {
    /// The name of the method, as in the `.proto` file.
    #[must_use]
    pub fn method(&self) -> &str {
        let path = self.request.uri().path();
        path.get(self.method_at..).unwrap_or_default()
    }

    /// Runs a method that takes one message and returns one.
    pub fn unary<C, Req, Res, H, F>(self, codec: C, handler: H) -> ResponseFuture
    where
        C: Codec<Req> + Codec<Res>,
        Req: Send + 'static,
        Res: Send + 'static,
        H: FnOnce(Request<Req>) -> F + Send + 'static,
        F: Future<Output = Result<Response<Res>, Status>> + Send + 'static,
    {
        self.unary_apart(codec, None, handler)
    }

    /// The same, with what may leave beside the rest of the message, if there is anything.
    pub fn unary_apart<C, Req, Res, H, F>(
        self,
        _: C,
        apart: Option<fn(&mut Res) -> Option<Apart>>,
        handler: H,
    ) -> ResponseFuture
    where
        C: Codec<Req> + Codec<Res>,
        Req: Send + 'static,
        Res: Send + 'static,
        H: FnOnce(Request<Req>) -> F + Send + 'static,
        F: Future<Output = Result<Response<Res>, Status>> + Send + 'static,
    {
        self.run(
            Receive::poll_message,
            |request, payload| Ok(handler(decoded::<C, Req>(request, payload)?)),
            move |response, answer| Reply::message::<C, Res>(response, apart, answer),
        )
    }

    /// Runs a method that takes one message and returns a stream of them.
    pub fn server_streaming<C, Req, Res, H, F>(self, _: C, handler: H) -> ResponseFuture
    where
        C: Codec<Req> + Codec<Res>,
        Req: Send + 'static,
        Res: Send + 'static,
        H: FnOnce(Request<Req>) -> F + Send + 'static,
        F: Future<Output = Result<Response<Streaming<Res>>, Status>> + Send + 'static,
    {
        self.run(
            Receive::poll_message,
            |request, payload| Ok(handler(decoded::<C, Req>(request, payload)?)),
            |response, _| Ok(Reply::stream::<C, Res>(response)),
        )
    }

    /// Runs a method that takes a stream of messages and returns one.
    pub fn client_streaming<C, Req, Res, H, F>(mut self, _: C, handler: H) -> ResponseFuture
    where
        C: Codec<Req> + Codec<Res>,
        Req: Send + 'static,
        Res: Send + 'static,
        H: FnOnce(Request<Streaming<Req>>) -> F + Send + 'static,
        F: Future<Output = Result<Response<Res>, Status>> + Send + 'static,
    {
        self.read_ahead();
        self.run(
            Receive::poll_stream,
            |request, inbound| Ok(handler(streaming::<C, Req>(request, inbound))),
            |response, answer| Reply::message::<C, Res>(response, None, answer),
        )
    }

    /// Runs a method that takes and returns streams of messages.
    pub fn bidi_streaming<C, Req, Res, H, F>(mut self, _: C, handler: H) -> ResponseFuture
    where
        C: Codec<Req> + Codec<Res>,
        Req: Send + 'static,
        Res: Send + 'static,
        H: FnOnce(Request<Streaming<Req>>) -> F + Send + 'static,
        F: Future<Output = Result<Response<Streaming<Res>>, Status>> + Send + 'static,
    {
        self.read_ahead();
        self.run(
            Receive::poll_stream,
            |request, inbound| Ok(handler(streaming::<C, Req>(request, inbound))),
            |response, _| Ok(Reply::stream::<C, Res>(response)),
        )
    }

    /// Answers that the service has no such method.
    pub fn unimplemented(self) -> ResponseFuture {
        let path = self.request.uri().path();
        let status =
            Status::unimplemented(format!("there is no method for the path {path:?} here"));
        self.running.end(Err(&status));
        let mut response = respond::error(self.format.protocol, &status);
        observed_body::watch(&mut response, &self.running.context);
        ResponseFuture::early(self.request, self.connection, response)
    }

    /// Notices a client that goes while the handler is not reading. Over HTTP/2 the connection does.
    fn read_ahead(&mut self) {
        if drain::matters(self.request.version(), self.request.body()) {
            let (pump, body) = ahead::split(std::mem::take(self.request.body_mut()));
            *self.request.body_mut() = body;
            self.running.pump = Some(pump);
        }
    }

    fn run<R, H, F, T, M>(self, receive: PollReceive<R>, handler: H, reply: M) -> ResponseFuture
    where
        R: 'static,
        H: FnOnce(Request<()>, R) -> Result<F, Status> + Send + 'static,
        F: Future<Output = Result<T, Status>> + Send + 'static,
        T: 'static,
        M: FnOnce(T, &Answer) -> Result<Reply, Status> + Send + 'static,
    {
        let Self {
            request,
            connection,
            format,
            answer,
            settings,
            running,
            method,
            ..
        } = self;
        let to_the_end = drain::matters(request.version(), request.body());
        let (head, body) = request.into_parts();
        let request = Request::received(head, connection, Arc::clone(&running.context));
        let context = &running.context;
        let mut half = Receive::new(request, body, format, settings, context, to_the_end);
        if let Some(method) = method {
            half = half.after_interceptors(method);
        }
        ResponseFuture::running(Exchange::new(
            half, receive, handler, reply, running, answer,
        ))
    }
}

fn decoded<C: Codec<T>, T>(request: Request<()>, payload: Bytes) -> Result<Request<T>, Status> {
    let message = codec::decode_request::<C, T>(payload)?;
    Ok(request.map(|()| message))
}

fn streaming<C: Codec<T>, T>(request: Request<()>, inbound: Inbound) -> Request<Streaming<T>> {
    request.map(|()| Streaming::from_inbound(inbound, codec::decode_request::<C, T>))
}
