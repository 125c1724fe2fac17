use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http_body::{Frame, SizeHint};

use crate::BoxError;
use crate::wire::status;

type Boxed = Pin<Box<dyn http_body::Body<Data = Bytes, Error = BoxError> + Send>>;

/// Any body that has bytes: what servers take requests with, and clients responses.
///
/// Implemented for every such body.
pub trait HttpBody: http_body::Body<Data: Buf, Error: Into<BoxError>> + Send + 'static {}

impl<B: http_body::Body<Data: Buf, Error: Into<BoxError>> + Send + 'static> HttpBody for B {}

/// The body of a request or a response, whatever it comes from.
///
/// What servers answer with and clients send. One chunk (a unary call) and hyper's own body are held as
/// they are; anything else is behind a box.
#[derive(Default)]
pub struct Body(Kind);

#[derive(Default)]
enum Kind {
    #[default]
    Empty,
    Full(Bytes),
    /// One chunk, then HTTP trailers: those of a call that went well where there are none.
    Trailed(Bytes, Option<Box<HeaderMap>>),
    Pieces(Box<Pieces>),
    #[cfg(any(feature = "channel", feature = "serve"))]
    Incoming(hyper::body::Incoming),
    Boxed(Boxed),
}

/// Several chunks, the next one last, then HTTP trailers, if any.
struct Pieces {
    data: Vec<Bytes>,
    trailers: Option<HeaderMap>,
}

impl Body {
    /// A body without data.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// A body of one chunk.
    #[must_use]
    pub fn full(data: impl Into<Bytes>) -> Self {
        Self(Kind::Full(data.into()))
    }

    /// A body of one chunk and HTTP trailers: those of a call that went well where there are none.
    pub(crate) fn with_trailers(data: Bytes, trailers: Option<HeaderMap>) -> Self {
        Self(Kind::Trailed(data, trailers.map(Box::new)))
    }

    /// A body of several chunks, and HTTP trailers, if any.
    pub(crate) fn in_pieces(data: [Bytes; 3], trailers: Option<HeaderMap>) -> Self {
        let data = data.into_iter().rev().filter(|data| !data.is_empty());
        Self(Kind::Pieces(Box::new(Pieces {
            data: data.collect(),
            trailers,
        })))
    }

    /// Wraps another body. A `Body`, or hyper's own, is not boxed again.
    pub fn new<B: HttpBody>(body: B) -> Self {
        let mut body = Some(body);
        if let Some(body) = take::<Self>(&mut body) {
            return body;
        }
        #[cfg(any(feature = "channel", feature = "serve"))]
        if let Some(body) = take(&mut body) {
            return Self(Kind::Incoming(body));
        }
        Self(body.map_or(Kind::Empty, |body| Kind::Boxed(Box::pin(Other { body }))))
    }
}

pin_project_lite::pin_project! {
    /// A body of others, with our types of data and errors.
    struct Other<B> {
        #[pin]
        body: B,
    }
}

impl<B: HttpBody> http_body::Body for Other<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(self.project().body.poll_frame(cx));
        Poll::Ready(frame.map(|frame| match frame {
            Ok(frame) => Ok(frame.map_data(|mut data| data.copy_to_bytes(data.remaining()))),
            Err(error) => Err(error.into()),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What is in `slot`, if it is an `Option<T>`.
fn take<T: 'static>(slot: &mut dyn Any) -> Option<T> {
    slot.downcast_mut::<Option<T>>()?.take()
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Kind::Empty => Poll::Ready(None),
            Kind::Full(data) => {
                let data = std::mem::take(data);
                self.0 = Kind::Empty;
                Poll::Ready((!data.is_empty()).then(|| Ok(Frame::data(data))))
            }
            Kind::Trailed(data, trailers) => {
                if !data.is_empty() {
                    return Poll::Ready(Some(Ok(Frame::data(std::mem::take(data)))));
                }
                let trailers = trailers
                    .take()
                    .map_or_else(status::ok, |trailers| *trailers);
                self.0 = Kind::Empty;
                Poll::Ready(Some(Ok(Frame::trailers(trailers))))
            }
            Kind::Pieces(pieces) => {
                let data = pieces.data.pop().map(Frame::data);
                let frame = data.or_else(|| pieces.trailers.take().map(Frame::trailers));
                Poll::Ready(frame.map(Ok))
            }
            #[cfg(any(feature = "channel", feature = "serve"))]
            Kind::Incoming(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Kind::Boxed(body) => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Empty => true,
            Kind::Full(data) => data.is_empty(),
            Kind::Trailed(..) => false,
            Kind::Pieces(pieces) => pieces.data.is_empty() && pieces.trailers.is_none(),
            #[cfg(any(feature = "channel", feature = "serve"))]
            Kind::Incoming(body) => body.is_end_stream(),
            Kind::Boxed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Full(data) => SizeHint::with_exact(u64::try_from(data.len()).unwrap_or(u64::MAX)),
            // An exact size would become a `content-length`, at which some clients stop reading.
            Kind::Trailed(..) => SizeHint::default(),
            Kind::Pieces(pieces) if pieces.trailers.is_some() => SizeHint::default(),
            Kind::Pieces(pieces) => {
                let len: usize = pieces.data.iter().map(Bytes::len).sum();
                SizeHint::with_exact(u64::try_from(len).unwrap_or(u64::MAX))
            }
            #[cfg(any(feature = "channel", feature = "serve"))]
            Kind::Incoming(body) => body.size_hint(),
            Kind::Boxed(body) => body.size_hint(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Empty => f.write_str("Body(empty)"),
            Kind::Full(data) => write!(f, "Body({} bytes)", data.len()),
            _ => f.write_str("Body(..)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body::Body as _;
    use http_body_util::Full;

    use super::*;

    #[test]
    fn a_body_of_another_type_keeps_its_size() {
        let body = Body::new(Full::new(&b"abc"[..]));
        assert_eq!(body.size_hint().exact(), Some(3));
        assert!(!body.is_end_stream());
        assert!(Body::new(Full::new(Bytes::new())).is_end_stream());
    }
}
