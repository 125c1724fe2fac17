//! What a connection knows of its calls.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, StatusCode, Version};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::in_flight::InFlight;
use crate::ConnectionInfo;
use crate::deadline::now;

/// Whether a connection has had a call, how long it has had none, and whether it shows any life.
#[derive(Debug)]
pub(super) struct Activity {
    called: AtomicBool,
    http2: AtomicBool,
    /// Whether the connection is to take no more calls than it has to.
    closing: AtomicBool,
    running: AtomicUsize,
    /// How often bytes came or went.
    moved: AtomicUsize,
    /// Whether there are bytes that the client does not take.
    blocked: AtomicBool,
    /// Where anybody wants to know.
    idle: Option<Idle>,
}

#[derive(Debug)]
struct Idle {
    begin: Instant,
    /// When the last call ended: nanoseconds since the beginning.
    ended: AtomicU64,
}

impl Activity {
    /// With the time of the last call where `timed` says so.
    pub(super) fn new(timed: bool) -> Self {
        Self {
            called: AtomicBool::new(false),
            http2: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            running: AtomicUsize::new(0),
            moved: AtomicUsize::new(0),
            blocked: AtomicBool::new(false),
            idle: timed.then(|| Idle {
                begin: now(),
                ended: AtomicU64::new(0),
            }),
        }
    }

    pub(super) fn was_called(&self) -> bool {
        self.called.load(Ordering::Relaxed)
    }

    /// Whether it had a call over HTTP/2.
    pub(super) fn is_http2(&self) -> bool {
        self.http2.load(Ordering::Relaxed)
    }

    /// From now on, responses over HTTP/1.1 say that no other call is to come.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Bytes came or went.
    pub(super) fn moves(&self) {
        self.moved.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the client takes no bytes for the moment.
    pub(super) fn blocks(&self, blocked: bool) {
        self.blocked.store(blocked, Ordering::Relaxed);
    }

    /// A number that is another one whenever bytes came or went.
    pub(super) fn moved(&self) -> usize {
        self.moved.load(Ordering::Relaxed)
    }

    /// Whether there is neither a call nor anything left to be sent.
    pub(super) fn has_nothing_to_do(&self) -> bool {
        self.running.load(Ordering::SeqCst) == 0 && !self.blocked.load(Ordering::Relaxed)
    }

    /// When the last call ended; `None` where one is running, or nobody wants to know.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let idle = self.idle.as_ref()?;
        let ended = Duration::from_nanos(idle.ended.load(Ordering::SeqCst));
        (self.running.load(Ordering::SeqCst) == 0).then(|| idle.begin + ended)
    }
}

/// A call that is running, or bytes of its answer that are on their way.
pub(super) struct Running(Arc<Activity>);

impl Running {
    fn new(activity: &Arc<Activity>) -> Self {
        activity.called.store(true, Ordering::Relaxed);
        activity.running.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(activity))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(idle) = &self.0.idle {
            let ended = now().saturating_duration_since(idle.begin).as_nanos();
            let ended = u64::try_from(ended).unwrap_or(u64::MAX);
            idle.ended.fetch_max(ended, Ordering::SeqCst);
        }
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The service of a connection: notes its calls, and tells them where they come from.
pub(super) struct Watched<S> {
    pub(super) inner: S,
    pub(super) activity: Arc<Activity>,
    pub(super) connection: ConnectionInfo,
}

impl<S, B, R> hyper::service::Service<Request<B>> for Watched<S>
where
    S: hyper::service::Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<WatchedBody<R>>;
    type Error = S::Error;
    type Future = WatchedCall<S::Future>;

    fn call(&self, mut request: Request<B>) -> Self::Future {
        request.extensions_mut().insert(self.connection.clone());
        let is_http2 = request.version() == Version::HTTP_2;
        if is_http2 {
            self.activity.http2.store(true, Ordering::Relaxed);
        }
        WatchedCall {
            activity: (!is_http2).then(|| Arc::clone(&self.activity)),
            running: Some(Running::new(&self.activity)),
            inner: self.inner.call(request),
        }
    }
}

pin_project! {
    /// A response to be.
    pub(super) struct WatchedCall<F> {
        #[pin]
        inner: F,
        // Over HTTP/1.1.
        activity: Option<Arc<Activity>>,
        running: Option<Running>,
    }
}

impl<F: Future<Output = Result<Response<B>, E>>, B, E> Future for WatchedCall<F> {
    type Output = Result<Response<WatchedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(cx))?;
        if let Some(activity) = this.activity {
            let is_last = activity.closing.load(Ordering::Relaxed);
            if is_last && response.status() != StatusCode::SWITCHING_PROTOCOLS {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
        }
        let running = this.running.take();
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
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(cx)?);
        let running = this.running.as_ref();
        Poll::Ready(frame.map(|frame| {
            Ok(frame.map_data(|data| InFlight {
                data,
                _running: running.map(|Running(activity)| Running::new(activity)),
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
