use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::{Request, Status, Streaming};

/// What a blocking client takes as a stream of requests: an iterator of messages or of results, a
/// [`Streaming`], or a [`Request`] with one of them.
///
/// What an iterator yields is sent before it is asked for more. The first error breaks the call off with
/// that status.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a stream of `{T}`",
    label = "not an iterator of `{T}`, or of `Result<{T}, Status>`, that is `Send + 'static`"
)]
pub trait IntoStreamingRequest<T> {
    /// Wraps bare messages.
    fn into_streaming_request(self) -> Request<Streaming<T>>;
}

/// What an iterator of requests yields: a message, or a result with one.
pub trait IntoMessage<T> {
    /// Wraps a bare message.
    ///
    /// # Errors
    ///
    /// The one that it is.
    fn into_message(self) -> Result<T, Status>;
}

impl<T> IntoMessage<T> for T {
    fn into_message(self) -> Result<T, Status> {
        Ok(self)
    }
}

impl<T> IntoMessage<T> for Result<T, Status> {
    fn into_message(self) -> Result<T, Status> {
        self
    }
}

impl<T, I> IntoStreamingRequest<T> for I
where
    T: 'static,
    I: IntoIterator<Item: IntoMessage<T>, IntoIter: Send + 'static>,
{
    fn into_streaming_request(self) -> Request<Streaming<T>> {
        Request::new(one_by_one(self))
    }
}

impl<T> IntoStreamingRequest<T> for Streaming<T> {
    fn into_streaming_request(self) -> Request<Streaming<T>> {
        Request::new(self)
    }
}

impl<T, I> IntoStreamingRequest<T> for Request<I>
where
    T: 'static,
    I: IntoIterator<Item: IntoMessage<T>, IntoIter: Send + 'static>,
{
    fn into_streaming_request(self) -> Request<Streaming<T>> {
        self.map(one_by_one)
    }
}

impl<T> IntoStreamingRequest<T> for Request<Streaming<T>> {
    fn into_streaming_request(self) -> Request<Streaming<T>> {
        self
    }
}

fn one_by_one<T, I>(messages: I) -> Streaming<T>
where
    T: 'static,
    I: IntoIterator<Item: IntoMessage<T>, IntoIter: Send + 'static>,
{
    Streaming::from_stream(OneByOne {
        messages: messages.into_iter(),
        of: PhantomData,
        yielded: false,
    })
}

/// The items of an iterator, which may block: none is asked for before the one before it is on its way. It
/// is, once a stream that was not ready is polled again.
struct OneByOne<T, I> {
    messages: I,
    of: PhantomData<fn() -> T>,
    yielded: bool,
}

impl<T, I> Unpin for OneByOne<T, I> {}

impl<T, I: Iterator<Item: IntoMessage<T>>> Stream for OneByOne<T, I> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.yielded) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let next = self.messages.next();
        self.yielded = next.is_some();
        Poll::Ready(next.map(IntoMessage::into_message))
    }
}
