//! The service of a connection, whose calls its activity is told of.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, StatusCode, Version};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::activity::{Activity, Running};
use super::in_flight::InFlight;

/// The service of a connection, whose calls it notes.
pub(super) struct Watched<S> {
    pub(super) inner: S,
    pub(super) activity: Arc<Activity>,
}

impl<S, B, R> hyper::service::Service<Request<B>> for Watched<S>
where
    S: hyper::service::Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<WatchedBody<R>>;
    type Error = S::Error;
    type Future = WatchedCall<S::Future>;

    fn call(&self, request: Request<B>) -> Self::Future {
        let is_http2 = request.version() == Version::HTTP_2;
        if is_http2 {
            self.activity.set_http2();
        }
        WatchedCall {
            is_http2,
            running: Some(Running::new(&self.activity)),
            inner: self.inner.call(request),
        }
    }
}

pin_project! {
    /// The future of [`Watched`].
    pub(super) struct WatchedCall<F> {
        #[pin]
        inner: F,
        is_http2: bool,
        running: Option<Running>,
    }
}

impl<F: Future<Output = Result<Response<B>, E>>, B, E> Future for WatchedCall<F> {
    type Output = Result<Response<WatchedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(cx))?;
        let running = this.running.take();
        let closing = |running: &Running| running.activity().is_closing();
        if !*this.is_http2
            && running.as_ref().is_some_and(closing)
            && response.status() != StatusCode::SWITCHING_PROTOCOLS
        {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        Poll::Ready(Ok(response.map(|inner| WatchedBody { inner, running })))
    }
}

pin_project! {
    /// A response that is on its way.
    pub(super) struct WatchedBody<B> {
        #[pin]
        inner: B,
        running: Option<Running>,
    }
}

impl<B: Body> Body for WatchedBody<B> {
    type Data = InFlight<B::Data>;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, B::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.inner.as_mut().poll_frame(cx)?);
        Poll::Ready(frame.map(|frame| {
            Ok(frame.map_data(|data| InFlight {
                data,
                // The last bytes take it with them.
                _running: if this.inner.is_end_stream() {
                    this.running.take()
                } else {
                    this.running.clone()
                },
            }))
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
