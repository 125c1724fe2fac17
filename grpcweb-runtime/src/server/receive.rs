use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::drain::Remainder;
use super::peek::{Peeked, peek};
use super::settings::MethodSettings;
use crate::cancel::CallContext;
use crate::format::Format;
use crate::inbound::{Inbound, Sender};
use crate::server::Direction;
use crate::{Body, MethodDescriptor, Request, Status};

type Intercepting = Pin<Box<dyn Future<Output = Result<Request<()>, Status>> + Send>>;

/// The half of a call that comes in, until it is handed to the handler. Not to be polled after that.
pub(super) struct Receive {
    /// The request without its messages. Interceptors have it while they see it.
    request: Option<Request<()>>,
    reading: Reading,
    intercepting: Option<Intercepting>,
    /// Where what is not read of the body is put, where it has to be read.
    rest: Option<Arc<Remainder>>,
}

enum Reading {
    /// Nothing has been read.
    Unread(Unread),
    Begun(Box<Inbound>),
    Done,
}

/// A body, and what to know to read it.
struct Unread {
    body: Body,
    format: Format,
    settings: Arc<MethodSettings>,
    context: Arc<CallContext>,
    /// Whether it has to be read to its end, be it that the call needs no more of it.
    to_the_end: bool,
}

impl Unread {
    fn begin(self) -> (Inbound, Option<Arc<Remainder>>) {
        let rest = self.to_the_end.then(|| Arc::new(Remainder::default()));
        let sender = Sender {
            rest: rest.clone(),
            patience: self.settings.receive_timeout,
            observed: self.context.observed.is_some().then_some(self.context),
        };
        (Inbound::request(self.body, self.format, sender), rest)
    }
}

impl Receive {
    pub(super) fn new(
        request: Request<()>,
        body: Body,
        format: Format,
        settings: Arc<MethodSettings>,
        context: &Arc<CallContext>,
        to_the_end: bool,
    ) -> Self {
        Self {
            request: Some(request),
            reading: Reading::Unread(Unread {
                body,
                format,
                settings,
                context: Arc::clone(context),
                to_the_end,
            }),
            intercepting: None,
            rest: None,
        }
    }

    /// Lets every interceptor see the call first.
    pub(super) fn after_interceptors(mut self, method: &'static MethodDescriptor) -> Self {
        let Reading::Unread(Unread { settings, .. }) = &self.reading else {
            return self;
        };
        if !settings.interceptors.is_empty() {
            let settings = Arc::clone(settings);
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

    /// The message of a method that takes one.
    pub(super) fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Status>> {
        ready!(self.poll_intercepted(cx))?;
        if let Some(payload) = self.peek(cx) {
            return Poll::Ready(Ok(payload));
        }
        let Reading::Begun(inbound) = &mut self.reading else {
            return Poll::Pending;
        };
        let (payload, _) = ready!(inbound.poll_single(cx))?;
        self.reading = Reading::Done;
        Poll::Ready(Ok(payload))
    }

    /// The message, where it is there at the first look.
    fn peek(&mut self, cx: &mut Context<'_>) -> Option<Bytes> {
        let Reading::Unread(unread) = &mut self.reading else {
            return None;
        };
        match peek(std::mem::take(&mut unread.body), &unread.format, cx) {
            Peeked::Message(payload) => {
                unread.context.message(Direction::Received, payload.len());
                self.reading = Reading::Done;
                Some(payload)
            }
            Peeked::Other(body) => {
                unread.body = body;
                if let Some(inbound) = self.begin() {
                    self.reading = Reading::Begun(Box::new(inbound));
                }
                None
            }
        }
    }

    fn begin(&mut self) -> Option<Inbound> {
        match std::mem::replace(&mut self.reading, Reading::Done) {
            Reading::Unread(unread) => {
                let (inbound, rest) = unread.begin();
                self.rest = rest;
                Some(inbound)
            }
            Reading::Begun(inbound) => Some(*inbound),
            Reading::Done => None,
        }
    }

    /// The messages of a method that takes a stream of them.
    pub(super) fn poll_stream(&mut self, cx: &mut Context<'_>) -> Poll<Result<Inbound, Status>> {
        ready!(self.poll_intercepted(cx))?;
        match self.begin() {
            Some(inbound) => Poll::Ready(Ok(inbound)),
            None => Poll::Pending,
        }
    }

    /// The request that the messages belong to, once they are there.
    pub(super) fn take_request(&mut self) -> Option<Request<()>> {
        self.request.take()
    }

    /// Where what nobody reads of the body comes to be, where it has to be read.
    pub(super) fn rest(&mut self) -> Option<Arc<Remainder>> {
        if let Reading::Unread(_) = self.reading {
            // Dropped, it leaves its body there.
            drop(self.begin());
        }
        self.rest.take()
    }

    fn poll_intercepted(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        if let Some(intercepting) = &mut self.intercepting {
            let request = ready!(intercepting.as_mut().poll(cx))?;
            self.request = Some(request);
            self.intercepting = None;
        }
        Poll::Ready(Ok(()))
    }
}
