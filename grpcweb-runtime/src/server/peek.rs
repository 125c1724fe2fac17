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
pub(super) enum Peeked {
    /// The payload of the only message, and the end.
    Message(Bytes),
    /// Anything else: the body as it was.
    Other(Body),
}

/// Looks once, and does not wait.
pub(super) fn peek(mut body: Body, format: &Format, cx: &mut Context<'_>) -> Peeked {
    let chunk = match Pin::new(&mut body).poll_frame(cx) {
        Poll::Pending => return Peeked::Other(body),
        Poll::Ready(None) => return Peeked::Other(Body::empty()),
        Poll::Ready(Some(first)) => match first.map(Frame::into_data) {
            Ok(Ok(chunk)) => chunk,
            Ok(Err(trailers)) => return Peeked::Other(Rewound::body(Ok(trailers), body)),
            Err(error) => return Peeked::Other(Rewound::body(Err(error), body)),
        },
    };
    match only_message(&chunk, &body, format) {
        Some(payload) => Peeked::Message(payload),
        None => Peeked::Other(Rewound::body(Ok(Frame::data(chunk)), body)),
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
struct Rewound {
    first: Option<Result<Frame<Bytes>, BoxError>>,
    rest: Body,
}

impl Rewound {
    fn body(first: Result<Frame<Bytes>, BoxError>, rest: Body) -> Body {
        let first = Some(first);
        Body::new(Self { first, rest })
    }
}

impl http_body::Body for Rewound {
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

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::task::Waker;

    use http::HeaderMap;

    use super::*;
    use crate::limits::Limits;
    use crate::wire::protocol::Protocol;

    /// Frames that are there, and whether the body knows when it is at its end.
    struct Frames(VecDeque<Result<Frame<Bytes>, BoxError>>, bool);

    impl http_body::Body for Frames {
        type Data = Bytes;
        type Error = BoxError;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
            Poll::Ready(self.0.pop_front())
        }

        fn is_end_stream(&self) -> bool {
            self.1 && self.0.is_empty()
        }
    }

    fn found(frames: Vec<Result<Frame<Bytes>, BoxError>>, limits: Limits) -> Option<Bytes> {
        let count = frames.len();
        let format = Format::new(Protocol::GrpcWeb, limits);
        let mut cx = Context::from_waker(Waker::noop());
        match peek(Body::new(Frames(frames.into(), true)), &format, &mut cx) {
            Peeked::Message(payload) => Some(payload),
            Peeked::Other(mut body) => {
                // It is all there still.
                for _ in 0..count {
                    assert!(!body.is_end_stream());
                    let frame = Pin::new(&mut body).poll_frame(&mut cx);
                    assert!(matches!(frame, Poll::Ready(Some(_))));
                }
                assert!(body.is_end_stream());
                None
            }
        }
    }

    fn data(bytes: &'static [u8]) -> Result<Frame<Bytes>, BoxError> {
        Ok(Frame::data(bytes.into()))
    }

    const MESSAGE: &[u8] = b"\0\0\0\0\x03abc";

    #[test]
    fn a_message_in_one_chunk_is_found_and_anything_else_is_left_as_it_was() {
        let limits = Limits::DEFAULT;
        assert_eq!(
            found(vec![data(MESSAGE)], limits).as_deref(),
            Some(&b"abc"[..])
        );
        let trailers = || Ok(Frame::trailers(HeaderMap::new()));
        let failed = || Err(BoxError::from("broken"));
        for frames in [
            vec![],
            vec![data(&MESSAGE[..7])],
            vec![data(&MESSAGE[..7]), data(&MESSAGE[7..])],
            vec![data(MESSAGE), data(b"more")],
            vec![data(b"\0\0\0\0\x03abcd")],
            vec![data(b"\x01\0\0\0\x03abc")],
            vec![data(b"\x80\0\0\0\x03abc")],
            vec![data(MESSAGE), trailers()],
            vec![trailers()],
            vec![failed()],
        ] {
            let shown = format!("{frames:?}");
            assert_eq!(found(frames, limits), None, "{shown}");
        }
    }

    #[test]
    fn a_message_over_a_limit_is_left_to_be_refused() {
        let of = |decoding, body| Limits {
            decoding,
            body,
            ..Limits::DEFAULT
        };
        for (limits, is_found) in [(of(3, 8), true), (of(2, 8), false), (of(3, 7), false)] {
            assert_eq!(
                found(vec![data(MESSAGE)], limits).is_some(),
                is_found,
                "{limits:?}"
            );
        }
    }

    #[test]
    fn a_body_that_does_not_know_its_end_is_waited_for() {
        let body = Body::new(Frames([data(MESSAGE)].into(), false));
        let format = Format::new(Protocol::GrpcWeb, Limits::DEFAULT);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(peek(body, &format, &mut cx), Peeked::Other(_)));
    }
}
