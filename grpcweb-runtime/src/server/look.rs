//! A first look at the body of a request. Most have one message in one chunk, which came with the head, and need
//! nothing that tells frames apart or waits.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes};
use http_body::{Body as _, Frame, SizeHint};

use crate::format::Format;
use crate::wire::frame::{HEADER_LEN, is_only_message};
use crate::wire::text;
use crate::{Body, BoxError};

/// What a first look at a body finds.
pub(super) enum Found {
    /// The payload of the only message, and the end.
    Message(Bytes),
    /// Anything else: the body as it was.
    Other(Body),
}

/// Looks once, and does not wait.
pub(super) fn look(mut body: Body, format: &Format, cx: &mut Context<'_>) -> Found {
    if body.is_end_stream() {
        return Found::Other(body);
    }
    let chunk = match Pin::new(&mut body).poll_frame(cx) {
        Poll::Pending => return Found::Other(body),
        Poll::Ready(None) => return Found::Other(Body::empty()),
        Poll::Ready(Some(first)) => match first.map(Frame::into_data) {
            Ok(Ok(chunk)) => chunk,
            Ok(Err(trailers)) => return Found::Other(Seen::body(Ok(trailers), body)),
            Err(error) => return Found::Other(Seen::body(Err(error), body)),
        },
    };
    match only_message(&chunk, &body, format) {
        Some(payload) => Found::Message(payload),
        None => Found::Other(Seen::body(Ok(Frame::data(chunk)), body)),
    }
}

/// The payload, where a chunk and the end are all that there is.
fn only_message(chunk: &Bytes, rest: &Body, format: &Format) -> Option<Bytes> {
    let limits = &format.limits;
    if !rest.is_end_stream() || u64::try_from(chunk.len()).ok()? > limits.body {
        return None;
    }
    let mut frame = if format.protocol.is_text() {
        text::decode(chunk)?
    } else {
        chunk.clone()
    };
    is_only_message(&frame, limits.decoding).then(|| {
        frame.advance(HEADER_LEN);
        frame
    })
}

/// A body whose first frame was looked at.
struct Seen {
    first: Option<Result<Frame<Bytes>, BoxError>>,
    rest: Body,
}

impl Seen {
    fn body(first: Result<Frame<Bytes>, BoxError>, rest: Body) -> Body {
        let first = Some(first);
        Body::new(Self { first, rest })
    }
}

impl http_body::Body for Seen {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(first)),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower(self.rest.size_hint().lower());
        hint
    }
}
