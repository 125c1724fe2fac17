use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Method, Request, Response, header};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::answered::Answered;
use super::{ResponseFuture, Router};
use crate::Body;
use crate::body::HttpBody;
use crate::wire::protocol::{Protocol, UnknownProtocol};

/// A [`Router`] in front of another service, an application say: see [`Router::in_front_of`].
#[derive(Clone)]
pub struct InFrontOf<S> {
    router: Router,
    inner: S,
}

impl<S> InFrontOf<S> {
    pub(super) fn new(router: Router, inner: S) -> Self {
        Self { router, inner }
    }
}

impl<S, B, R> Service<Request<B>> for InFrontOf<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    B: HttpBody,
    R: HttpBody,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = InFrontOfFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let answered = if is_call(&request) && self.router.has_service_at(request.uri().path()) {
            let answer = self.router.call(request);
            Answered::InFront { answer }
        } else {
            let response = self.inner.call(request);
            Answered::Passed { response }
        };
        InFrontOfFuture { answered }
    }
}

/// Whether this is a call, be it one that has to be refused: its client understands a status.
fn is_call<B>(request: &Request<B>) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    request.method() == Method::POST
        && content_type.is_some_and(|value| {
            let protocol = Protocol::from_content_type(value.as_bytes());
            !matches!(protocol, Err(UnknownProtocol::Foreign))
        })
}

impl<S: fmt::Debug> fmt::Debug for InFrontOf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFrontOf")
            .field("router", &self.router)
            .field("inner", &self.inner)
            .finish()
    }
}

pin_project! {
    /// The response to a call, or that of the service behind.
    #[must_use = "futures do nothing unless polled"]
    pub struct InFrontOfFuture<F> {
        #[pin]
        answered: Answered<ResponseFuture, F>,
    }
}

impl<F, R, E> Future for InFrontOfFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: HttpBody,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().answered.poll(cx)
    }
}

impl<F> fmt::Debug for InFrontOfFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InFrontOfFuture(..)")
    }
}
