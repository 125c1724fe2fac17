use std::future::Future;
use std::sync::Arc;

use super::ahead;
use super::drain::{self, Remainder};
use super::observed_body;
use super::options::Resolved;
use super::reply::{Answer, Reply};
use super::respond::{self, ResponseFuture};
use super::running::Running;
use super::service::split_path;
use super::settings::MethodSettings;
use crate::cancel::CallContext;
use crate::codec::{self, Codec};
use crate::format::Format;
use crate::inbound::{Inbound, Sender};
use crate::{Body, MetadataMap, MethodDescriptor, Request, Response, Status, Streaming};

/// A request on its way to the method that it names. Generated code picks the method; everything
/// else about a call is done here, once for all services.
#[derive(Debug)]
pub struct Call {
    pub(super) request: http::Request<Body>,
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
        split_path(self.request.uri().path()).map_or("", |(_, method)| method)
    }

    /// Runs a method that takes one message and returns one.
    pub fn unary<C, Req, Res, H, F>(self, _: C, handler: H) -> ResponseFuture
    where
        C: Codec<Req> + Codec<Res>,
        Req: Send + 'static,
        Res: Send + 'static,
        H: FnOnce(Request<Req>) -> F + Send + 'static,
        F: Future<Output = Result<Response<Res>, Status>> + Send + 'static,
    {
        self.run(|receive, answer| async move {
            let request = receive.message::<C, Req>().await?;
            Reply::message::<C, Res>(handler(request).await?, &answer)
        })
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
        self.run(|receive, _| async move {
            let request = receive.message::<C, Req>().await?;
            Ok(Reply::stream::<C, Res>(handler(request).await?))
        })
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
        self.run(|receive, answer| async move {
            let request = receive.stream::<C, Req>().await?;
            Reply::message::<C, Res>(handler(request).await?, &answer)
        })
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
        self.run(|receive, _| async move {
            let request = receive.stream::<C, Req>().await?;
            Ok(Reply::stream::<C, Res>(handler(request).await?))
        })
    }

    /// Answers that the service has no such method.
    pub fn unimplemented(self) -> ResponseFuture {
        let path = self.request.uri().path();
        let status =
            Status::unimplemented(format!("there is no method for the path {path:?} here"));
        self.running.end(Err(&status));
        let response = respond::error(self.format.protocol, &status);
        let response = observed_body::watch(response, &self.running.context);
        ResponseFuture::early(self.request, response)
    }

    /// Notices a client that goes while the handler is not reading. Over HTTP/2 the connection does.
    fn read_ahead(&mut self) {
        if drain::matters(self.request.version(), self.request.body()) {
            let (pump, body) = ahead::split(std::mem::take(self.request.body_mut()));
            *self.request.body_mut() = body;
            self.running.pump = Some(pump);
        }
    }

    fn run<F>(self, handler: impl FnOnce(Receive, Answer) -> F) -> ResponseFuture
    where
        F: Future<Output = Result<Reply, Status>> + Send + 'static,
    {
        let Self {
            request,
            format,
            answer,
            settings,
            mut running,
            method,
        } = self;
        let rest = drain::matters(request.version(), request.body())
            .then(|| Arc::new(Remainder::default()));
        let receive = Receive {
            request,
            format,
            settings,
            rest: rest.clone(),
            context: Arc::clone(&running.context),
            method,
        };
        let handler = handler(receive, answer.clone());
        ResponseFuture::running(async move {
            let result = running.drive(handler).await;
            answer.finish(result, running, rest).await
        })
    }
}

/// The half of a call that comes in.
struct Receive {
    request: http::Request<Body>,
    format: Format,
    settings: Arc<MethodSettings>,
    rest: Option<Arc<Remainder>>,
    context: Arc<CallContext>,
    method: Option<&'static MethodDescriptor>,
}

impl Receive {
    /// The request of a method that takes one message.
    async fn message<C: Codec<T>, T>(self) -> Result<Request<T>, Status> {
        let (request, mut inbound) = self.open().await?;
        let (payload, _) = inbound.single().await?;
        let message = codec::decode_request::<C, T>(payload)?;
        Ok(request.map(|()| message))
    }

    /// The request of a method that takes a stream of messages.
    async fn stream<C: Codec<T>, T>(self) -> Result<Request<Streaming<T>>, Status> {
        let (request, inbound) = self.open().await?;
        let messages = Streaming::from_inbound(inbound, codec::decode_request::<C, T>);
        Ok(request.map(|()| messages))
    }

    /// The request without its messages, once every interceptor has let it pass.
    async fn open(self) -> Result<(Request<()>, Inbound), Status> {
        let Resolved {
            receive_timeout, ..
        } = **self.settings;
        let sender = Sender {
            rest: self.rest,
            patience: receive_timeout,
            observed: (self.context.observed.is_some()).then(|| Arc::clone(&self.context)),
        };
        let (head, body) = self.request.into_parts();
        let inbound = Inbound::request(body, self.format, sender);
        let metadata = MetadataMap::from_headers(head.headers);
        let mut request = Request::from_parts((), metadata, head.extensions).in_call(self.context);
        if let Some(method) = self.method {
            let interceptors = &self.settings.interceptors;
            interceptors.intercept(method, &mut request).await?;
        }
        Ok((request, inbound))
    }
}
