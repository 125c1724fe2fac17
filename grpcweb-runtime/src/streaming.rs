use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::codec::Decode;
use crate::inbound::{Inbound, Item};
use crate::{CancelReason, Cancelled, MetadataMap, Status};

/// A stream of messages: what a handler returns, what a client receives, and what a handler of a
/// client-streaming method is given.
///
/// They are one type, so that a stream can be passed on as it came, or made by hand in a test. One
/// allocation for a stream, none for a message.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), grpcweb_runtime::Status> {
/// use grpcweb_runtime::Streaming;
///
/// let mut numbers = Streaming::from_iter([1, 2]);
/// assert_eq!(numbers.message().await?, Some(1));
/// assert_eq!(numbers.message().await?, Some(2));
/// assert_eq!(numbers.message().await?, None);
/// # Ok(())
/// # }
/// ```
///
/// As a [`Stream`] it yields an error once and then ends. [`message`](Self::message) returns the same
/// error again.
pub struct Streaming<T> {
    /// Never locked: only what makes the stream `Sync`, so that a handler may borrow its request across
    /// an `await`.
    parts: Mutex<Parts<T>>,
    /// How many messages were there without waiting, since the last time there was none.
    at_once: u16,
    shutdown: Option<Cancelled>,
    end: Result<MetadataMap, Status>,
}

/// Why a stream has no message: it has ended.
pub(crate) const ENDED: Poll<Result<(), Status>> = Poll::Ready(Ok(()));

/// The most messages that are handed out in a row without letting other tasks run.
pub(crate) const AT_ONCE: u16 = 1024;

struct Parts<T> {
    source: Source<T>,
    /// Makes trailers at the end.
    finish: Option<Box<dyn FnOnce() -> MetadataMap + Send>>,
}

enum Source<T> {
    Inbound(Box<Inbound>, Decode<T>),
    Local(Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>),
    Iter(Box<dyn Iterator<Item = T> + Send>),
    Ended,
}

impl<T> Streaming<T> {
    /// Messages as `stream` yields them. The first error ends the call with that status.
    pub fn from_stream(stream: impl Stream<Item = Result<T, Status>> + Send + 'static) -> Self {
        Self::new(Source::Local(Box::pin(stream)))
    }

    /// Messages that are there already, or are made without waiting.
    #[expect(
        clippy::should_implement_trait,
        reason = "`FromIterator` cannot ask for `Send + 'static`"
    )]
    pub fn from_iter<I>(messages: I) -> Self
    where
        I: IntoIterator<Item = T, IntoIter: Send + 'static>,
    {
        Self::new(Source::Iter(Box::new(messages.into_iter())))
    }

    /// Adds trailing metadata that is known at the end of the stream: `trailers` is called after the last
    /// message, unless the stream ends with an error. A [`Status`] brings its own.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), grpcweb_runtime::Status> {
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use grpcweb_runtime::{MetadataMap, Streaming};
    ///
    /// let sum = Arc::new(AtomicU64::new(0));
    /// let adder = Arc::clone(&sum);
    /// let numbers = (1..=3).inspect(move |number| {
    ///     adder.fetch_add(*number, Ordering::Relaxed);
    /// });
    /// let mut stream = Streaming::from_iter(numbers).with_trailers(move || {
    ///     let mut trailers = MetadataMap::new();
    ///     let sum = sum.load(Ordering::Relaxed).to_string();
    ///     trailers.insert("x-sum", &sum).expect("digits are valid metadata");
    ///     trailers
    /// });
    ///
    /// while stream.message().await?.is_some() {}
    /// assert_eq!(stream.trailers().get("x-sum"), Some("6"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_trailers(
        mut self,
        trailers: impl FnOnce() -> MetadataMap + Send + 'static,
    ) -> Self {
        self.parts_mut().finish = Some(Box::new(trailers));
        self
    }

    /// Ends the stream with `UNAVAILABLE` when the server shuts down: for one that would go on for ever, and
    /// whose client is to ask again elsewhere. What is ready by then is still sent.
    ///
    /// ```
    /// # use grpcweb_runtime::{Request, Response, Status, Streaming};
    /// # fn ticks() -> impl futures_util::Stream<Item = Result<u64, Status>> + Send { futures_util::stream::empty() }
    /// async fn watch(request: Request<()>) -> Result<Response<Streaming<u64>>, Status> {
    ///     let ticks = Streaming::from_stream(ticks());
    ///     Ok(Response::new(ticks.until_shutdown(request.cancelled())))
    /// }
    /// ```
    #[must_use]
    pub fn until_shutdown(mut self, cancelled: Cancelled) -> Self {
        self.shutdown = Some(cancelled);
        self
    }

    fn parts_mut(&mut self) -> &mut Parts<T> {
        self.parts.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn from_inbound(inbound: impl Into<Box<Inbound>>, decode: Decode<T>) -> Self {
        Self::new(Source::Inbound(inbound.into(), decode))
    }

    fn new(source: Source<T>) -> Self {
        Self {
            parts: Mutex::new(Parts {
                source,
                finish: None,
            }),
            at_once: 0,
            shutdown: None,
            end: Ok(MetadataMap::new()),
        }
    }

    /// The next message; `None` after the last one.
    ///
    /// Dropping the future loses no message.
    ///
    /// # Errors
    ///
    /// The status that the call ended with, after every message before it. Calling again returns the
    /// same.
    pub async fn message(&mut self) -> Result<Option<T>, Status> {
        match std::future::poll_fn(|cx| self.poll_message(cx)).await {
            Some(result) => result.map(Some),
            None => match &self.end {
                Ok(_) => Ok(None),
                Err(status) => Err(status.clone()),
            },
        }
    }

    /// The trailing metadata that the server sent, with its status where the call failed. Empty until
    /// the stream has ended.
    #[must_use]
    pub fn trailers(&self) -> &MetadataMap {
        match &self.end {
            Ok(trailers) => trailers,
            Err(status) => status.metadata(),
        }
    }

    /// Whether other tasks run before the next message, be it there.
    pub(crate) fn rests_next(&self) -> bool {
        self.at_once >= AT_ONCE
    }

    pub(crate) fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, Status>>> {
        let mut none = ENDED;
        match self.next_within(AT_ONCE, cx, &mut none) {
            Some(message) => Poll::Ready(Some(Ok(message))),
            None => none.map(|ended| ended.err().map(Err)),
        }
    }

    /// The next message, where there may be so many `at_once`. Where there is none, `none` says why: what the
    /// stream ended with, or that it has to be waited for. It has to be [`ENDED`] before.
    // To move a small message is much of what it costs, so it is not put into another type on the way.
    #[inline(always)]
    pub(crate) fn next_within(
        &mut self,
        at_once: u16,
        cx: &mut Context<'_>,
        none: &mut Poll<Result<(), Status>>,
    ) -> Option<T> {
        if self.at_once >= at_once {
            *none = self.poll_rest(cx);
            return None;
        }
        let parts = self.parts.get_mut().unwrap_or_else(PoisonError::into_inner);
        let message = match &mut parts.source {
            Source::Iter(messages) => messages.next(),
            Source::Local(stream) => match stream.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(message))) => Some(message),
                other => {
                    *none = other.map(|ended| ended.map_or(Ok(()), |it| it.map(drop)));
                    None
                }
            },
            Source::Inbound(inbound, decode) => {
                poll_inbound(inbound, *decode, &mut self.end, cx, none)
            }
            Source::Ended => None,
        };
        if message.is_some() {
            self.at_once += 1;
        } else {
            self.no_message(cx, none);
        }
        message
    }

    /// Lets other tasks run: a source that never waits would keep the task, and its timers, from all else.
    #[cold]
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.at_once = 0;
        cx.waker().wake_by_ref();
        self.poll_shutdown(cx)
    }

    #[cold]
    fn no_message(&mut self, cx: &mut Context<'_>, none: &mut Poll<Result<(), Status>>) {
        match none {
            Poll::Ready(Ok(())) => {
                let finish = self.parts_mut().finish.take();
                if let (Ok(trailers), Some(finish)) = (&mut self.end, finish) {
                    trailers.extend(&finish());
                }
                self.drop_source();
            }
            Poll::Ready(Err(status)) => self.fail(status),
            Poll::Pending => {
                self.at_once = 0;
                *none = self.poll_shutdown(cx);
            }
        }
    }

    /// Looks for a shutdown while there is nothing else to do.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        let Some(shutdown) = &mut self.shutdown else {
            return Poll::Pending;
        };
        match Pin::new(shutdown).poll(cx) {
            Poll::Ready(CancelReason::Shutdown) => {
                let status = Status::unavailable("the server is shutting down");
                self.fail(&status);
                Poll::Ready(Err(status))
            }
            // The server ends the call by itself.
            Poll::Ready(_) => {
                self.shutdown = None;
                Poll::Pending
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn fail(&mut self, status: &Status) {
        self.end = Err(status.clone());
        self.drop_source();
    }

    fn drop_source(&mut self) {
        let parts = self.parts_mut();
        parts.source = Source::Ended;
        parts.finish = None;
        self.shutdown = None;
    }
}

fn poll_inbound<T>(
    inbound: &mut Inbound,
    decode: Decode<T>,
    end: &mut Result<MetadataMap, Status>,
    cx: &mut Context<'_>,
    none: &mut Poll<Result<(), Status>>,
) -> Option<T> {
    let ended = match inbound.poll_item(cx) {
        Poll::Ready(Ok(Item::Message(payload))) => match decode(payload) {
            Ok(message) => return Some(message),
            Err(status) => {
                inbound.ended(Err(&status));
                Err(status)
            }
        },
        Poll::Ready(Ok(Item::End(trailers))) => {
            *end = Ok(trailers);
            Ok(())
        }
        Poll::Ready(Err(status)) => Err(status),
        Poll::Pending => {
            *none = Poll::Pending;
            return None;
        }
    };
    *none = Poll::Ready(ended);
    None
}

impl<T> Stream for Streaming<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_message(cx)
    }
}

impl<T> fmt::Debug for Streaming<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streaming").finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "serve"))]
mod tests {
    use std::sync::Arc;
    use std::task::Waker;

    use futures_util::StreamExt as _;
    use futures_util::stream::{iter, pending};

    use super::*;
    use crate::Code;
    use crate::cancel::{CallContext, ShutdownSignal};

    #[test]
    fn a_stream_that_has_nothing_to_send_ends_when_the_server_shuts_down() {
        let signal = ShutdownSignal::default();
        let call = CallContext::new(None, Some(signal.clone()), None);
        let numbers = iter([Ok(1), Ok(2)]).chain(pending());
        let mut stream =
            Streaming::from_stream(numbers).until_shutdown(Cancelled::new(Some(Arc::new(call))));
        let mut cx = Context::from_waker(Waker::noop());
        let mut next = || stream.poll_message(&mut cx);
        assert!(matches!(next(), Poll::Ready(Some(Ok(1)))));
        signal.announce();
        assert!(matches!(next(), Poll::Ready(Some(Ok(2)))));
        let Poll::Ready(Some(Err(status))) = next() else {
            panic!("it goes on");
        };
        assert_eq!(status.code(), Code::Unavailable);
        assert!(matches!(next(), Poll::Ready(None)));
    }

    #[test]
    fn a_stream_that_always_has_something_to_send_ends_too() {
        let signal = ShutdownSignal::default();
        let call = CallContext::new(None, Some(signal.clone()), None);
        let mut stream = Streaming::from_iter(std::iter::repeat(1))
            .until_shutdown(Cancelled::new(Some(Arc::new(call))));
        signal.announce();
        let mut cx = Context::from_waker(Waker::noop());
        let ended = (0..=AT_ONCE).find_map(|_| match stream.poll_message(&mut cx) {
            Poll::Ready(Some(Err(status))) => Some(status.code()),
            _ => None,
        });
        assert_eq!(ended, Some(Code::Unavailable));
    }
}
