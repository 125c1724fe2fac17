use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::drain::Remainder;
use super::settings::MethodSettings;
use crate::cancel::CallContext;
use crate::format::Format;
use crate::inbound::{Inbound, Sender};
use crate::{Body, MetadataMap, MethodDescriptor, Request, Status};

type Intercepting = Pin<Box<dyn Future<Output = Result<Request<()>, Status>> + Send>>;

/// The half of a call that comes in, until it is handed to the handler. Not to be polled after that.
pub(super) struct Receive {
    /// The request without its messages. Interceptors have it while they see it.
    request: Option<Request<()>>,
    inbound: Option<Inbound>,
    intercepting: Option<Intercepting>,
}

impl Receive {
    pub(super) fn new(
        request: http::Request<Body>,
        format: Format,
        settings: &MethodSettings,
        rest: Option<Arc<Remainder>>,
        context: &Arc<CallContext>,
    ) -> Self {
        let sender = Sender {
            rest,
            patience: settings.receive_timeout,
            observed: context.observed.is_some().then(|| Arc::clone(context)),
        };
        let (head, body) = request.into_parts();
        let metadata = MetadataMap::from_headers(head.headers);
        let request = Request::from_parts((), metadata, head.extensions);
        Self {
            request: Some(request.in_call(Arc::clone(context))),
            inbound: Some(Inbound::request(body, format, sender)),
            intercepting: None,
        }
    }

    /// Lets every interceptor see the call first.
    pub(super) fn after_interceptors(
        mut self,
        method: &'static MethodDescriptor,
        settings: Arc<MethodSettings>,
    ) -> Self {
        if !settings.interceptors.is_empty() {
            self.intercepting = self.request.take().map(|mut request| -> Intercepting {
                Box::pin(async move {
                    let interceptors = &settings.interceptors;
                    interceptors.intercept(method, &mut request).await?;
                    Ok(request)
                })
            });
        }
        self
    }

    /// The request of a method that takes one message.
    pub(super) fn poll_message(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(Request<()>, Bytes), Status>> {
        ready!(self.poll_intercepted(cx))?;
        let Some(inbound) = &mut self.inbound else {
            return Poll::Pending;
        };
        let (payload, _) = ready!(inbound.poll_single(cx))?;
        self.inbound = None;
        self.request().map_ok(|request| (request, payload))
    }

    /// The request of a method that takes a stream of messages.
    pub(super) fn poll_stream(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(Request<()>, Inbound), Status>> {
        ready!(self.poll_intercepted(cx))?;
        let Some(inbound) = self.inbound.take() else {
            return Poll::Pending;
        };
        self.request().map_ok(|request| (request, inbound))
    }

    fn poll_intercepted(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        if let Some(intercepting) = &mut self.intercepting {
            let request = ready!(intercepting.as_mut().poll(cx))?;
            self.request = Some(request);
            self.intercepting = None;
        }
        Poll::Ready(Ok(()))
    }

    fn request(&mut self) -> Poll<Result<Request<()>, Status>> {
        match self.request.take() {
            Some(request) => Poll::Ready(Ok(request)),
            None => Poll::Pending,
        }
    }
}
