//! Messages into an HTTP body.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue};
use http_body::Frame;

use crate::apart::Parted;
use crate::codec::{self, Codec};
use crate::format::Format;
use crate::server::{Direction, Observed};
use crate::signal::{Signal, Ticket};
use crate::streaming::{AT_ONCE, ENDED};
use crate::wire::protocol::Protocol;
use crate::wire::{status, text, trailers};
use crate::{Body, BoxError, MetadataMap, Status, Streaming};

/// How many bytes of messages that are ready at once go out together. A message that has to be
/// waited for is never held back for more.
const COALESCE: usize = 32 * 1024;

/// Room for the trailers frame that nearly every response has.
pub(crate) const ROOM_FOR_OK: usize = trailers::OK.len();

/// The frame of a message that is sent alone.
pub(crate) enum Alone {
    Whole(BytesMut),
    Parted(Box<Parted>),
}

/// The body of a unary response: a message frame, and what ends the call.
pub(crate) fn unary(
    format: &Format,
    frame: Alone,
    trailing: Option<MetadataMap>,
) -> Result<Body, Status> {
    match frame {
        Alone::Whole(frame) => whole_and_trailers(format, frame, trailing),
        Alone::Parted(frame) => parted_and_trailers(format, *frame, trailing),
    }
}

fn whole_and_trailers(
    format: &Format,
    mut message: BytesMut,
    trailing: Option<MetadataMap>,
) -> Result<Body, Status> {
    let in_body = format.protocol.ends_in_body();
    let Some(trailing) = trailing else {
        if !in_body {
            return Ok(Body::with_trailers(message.freeze(), None));
        }
        message.extend_from_slice(trailers::OK);
        return Ok(whole(format.protocol, message));
    };
    let trailers = trailers_of(Ok(()), trailing, format.limits.trailers)?;
    if in_body {
        trailers::put(&mut message, &trailers);
        Ok(whole(format.protocol, message))
    } else {
        Ok(Body::with_trailers(message.freeze(), Some(trailers)))
    }
}

fn parted_and_trailers(
    format: &Format,
    Parted { head, bytes }: Parted,
    trailing: Option<MetadataMap>,
) -> Result<Body, Status> {
    let in_body = format.protocol.ends_in_body();
    if in_body && trailing.is_none() {
        let ok = Bytes::from_static(trailers::OK);
        return Ok(Body::in_pieces([head.freeze(), bytes, ok], None));
    }
    let trailing = trailing.unwrap_or_default();
    let trailers = trailers_of(Ok(()), trailing, format.limits.trailers)?;
    Ok(if in_body {
        let mut end = BytesMut::new();
        trailers::put(&mut end, &trailers);
        Body::in_pieces([head.freeze(), bytes, end.freeze()], None)
    } else {
        Body::in_pieces([head.freeze(), bytes, Bytes::new()], Some(trailers))
    })
}

/// The body of a response that is only an error, where the protocol has it in the body.
pub(crate) fn error(protocol: Protocol, trailers: &HeaderMap) -> Body {
    let mut buf = BytesMut::new();
    trailers::put(&mut buf, trailers);
    whole(protocol, buf)
}

/// The body of a streaming request. An error in the stream breaks the request off, and is kept in
/// `failure`.
pub(crate) fn request<C: Codec<T>, T: 'static>(
    format: Format,
    messages: Streaming<T>,
    failure: RequestFailure,
) -> Body {
    Body::new(RequestBody {
        messages: encoded::<C, T>(messages),
        buffer: Buffer::new(format),
        failure,
        over: Ticket::default(),
        ended: false,
    })
}

fn whole(protocol: Protocol, buf: BytesMut) -> Body {
    Body::full(flush(protocol, buf))
}

/// What is sent together, as it travels.
pub(crate) fn flush(protocol: Protocol, buf: BytesMut) -> Bytes {
    if protocol.is_text() {
        text::encode(buf)
    } else {
        buf.freeze()
    }
}

/// What ends a call: its status, and the metadata beside it.
///
/// An error that is too long for `limit` loses what its code and message can be told without. Trailers of
/// a call that went well are not lost in silence: they make it fail.
pub(crate) fn trailers_of(
    result: Result<(), &Status>,
    trailing: MetadataMap,
    limit: usize,
) -> Result<HeaderMap, Status> {
    let mut headers = trailing.into_trailers();
    match result {
        Ok(()) => {
            headers.insert(status::GRPC_STATUS, HeaderValue::from_static("0"));
        }
        Err(status) => status::write(status, &mut headers),
    }
    let len = trailers::len(&headers);
    if len <= limit {
        return Ok(headers);
    }
    let over = format!(
        "trailers of {len} bytes are over the server's limit of {limit}: raise it with \
         ServerOptions::max_trailers_size"
    );
    match result {
        Ok(()) => Err(Status::resource_exhausted(over)),
        Err(status) => {
            let message = format!("{} (sent without its details: {over})", status.message());
            let mut headers = HeaderMap::new();
            status::write(&Status::new(status.code(), message), &mut headers);
            Ok(headers)
        }
    }
}

/// Messages that encode themselves: what is left of a [`Streaming`] when its type is forgotten.
pub(crate) trait Messages: Send {
    /// Appends the frame of every message that is ready, up to [`COALESCE`] bytes. Observers are told of
    /// each of them.
    fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        format: &Format,
        buf: &mut BytesMut,
        observed: Option<&Observed>,
    ) -> Poll<Filled>;

    /// What the stream ended with.
    fn trailers(&self) -> &MetadataMap;
}

struct Encoded<C, T> {
    messages: Streaming<T>,
    codec: std::marker::PhantomData<fn() -> C>,
}

/// Forgets the type of messages.
pub(crate) fn encoded<C: Codec<T>, T: 'static>(messages: Streaming<T>) -> Box<dyn Messages> {
    Box::new(Encoded::<C, T> {
        messages,
        codec: std::marker::PhantomData,
    })
}

impl<C: Codec<T>, T: 'static> Messages for Encoded<C, T> {
    fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        format: &Format,
        buf: &mut BytesMut,
        observed: Option<&Observed>,
    ) -> Poll<Filled> {
        let rests = self.messages.rests_next();
        let mut none = ENDED;
        while buf.len() < COALESCE {
            let is_first = buf.is_empty();
            // A chunk that is begun is filled before other tasks run.
            let at_once = if is_first { AT_ONCE } else { 2 * AT_ONCE };
            let next = self.messages.next_within(at_once, cx, &mut none);
            let Some(message) = &next else {
                return match none {
                    Poll::Ready(result) => Poll::Ready(Filled::Ended(result)),
                    Poll::Pending if is_first && rests => Poll::Ready(Filled::Resting),
                    Poll::Pending if is_first => Poll::Pending,
                    Poll::Pending => Poll::Ready(Filled::Enough),
                };
            };
            match codec::encode_into::<C, T>(message, format, COALESCE, buf) {
                Ok(len) => {
                    if let Some(observed) = observed {
                        observed.message(Direction::Sent, len);
                    }
                }
                Err(status) => return Poll::Ready(Filled::Ended(Err(status))),
            }
        }
        Poll::Ready(Filled::Enough)
    }

    fn trailers(&self) -> &MetadataMap {
        self.messages.trailers()
    }
}

/// Frames on their way out.
pub(crate) struct Buffer {
    format: Format,
    buf: BytesMut,
    /// The room that a full chunk needs, while one follows the other.
    room: usize,
}

/// What [`Messages::poll_fill`] has come to.
pub(crate) enum Filled {
    /// What is there is to be handed out.
    Enough,
    /// Nothing is there, and the task is woken at once: other tasks are to run.
    Resting,
    /// What is there is to be handed out, and no more comes.
    Ended(Result<(), Status>),
}

impl Buffer {
    pub(crate) fn new(format: Format) -> Self {
        Self {
            format,
            buf: BytesMut::new(),
            room: 0,
        }
    }

    /// Takes every message that is ready, up to [`COALESCE`] bytes. Ready with what the stream ended with, or
    /// with `None` where there is something to hand out.
    pub(crate) fn poll_fill(
        &mut self,
        messages: &mut dyn Messages,
        observed: Option<&Observed>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(), Status>>> {
        if self.room > 0 && self.buf.is_empty() && !self.buf.try_reclaim(self.room) {
            self.buf = BytesMut::with_capacity(self.room);
        }
        match messages.poll_fill(cx, &self.format, &mut self.buf, observed) {
            Poll::Ready(Filled::Enough) => {
                let len = self.buf.len();
                if len >= COALESCE {
                    self.room = (len + len / 16).min(2 * COALESCE);
                    if self.format.protocol.is_text() {
                        self.room = text::encoded_len(self.room);
                    }
                }
                Poll::Ready(None)
            }
            Poll::Ready(Filled::Ended(result)) => Poll::Ready(Some(result)),
            Poll::Ready(Filled::Resting) => Poll::Pending,
            Poll::Pending => {
                if self.room > 0 {
                    self.room = 0;
                    self.buf = BytesMut::new();
                }
                Poll::Pending
            }
        }
    }

    pub(crate) fn put_trailers(&mut self, trailers: &HeaderMap) {
        trailers::put(&mut self.buf, trailers);
    }

    /// What is there, as it travels.
    pub(crate) fn take(&mut self) -> Option<Bytes> {
        if self.buf.is_empty() {
            return None;
        }
        if self.format.protocol.is_text() {
            let room = text::encoded_len(self.buf.len());
            // Not where it would keep much more room than it needs.
            if (room..=2 * room).contains(&self.buf.capacity()) {
                return Some(text::encode(std::mem::take(&mut self.buf)));
            }
            let mut text = BytesMut::with_capacity(room);
            text.extend_from_slice(&self.buf);
            self.buf.clear();
            return Some(text::encode(text));
        }
        Some(self.buf.split().freeze())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.buf.is_empty()
    }
}

/// What the two halves of a client's call tell each other where the request is a stream: why the request
/// broke off, as what a transport reports after that is only that it was not finished; and that the response
/// is over, as no transport stops sending for that. A request of one message needs neither.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestFailure(Option<Arc<Halves>>);

#[derive(Debug, Default)]
struct Halves {
    failure: OnceLock<Status>,
    over: Signal,
}

impl RequestFailure {
    pub(crate) fn of_stream() -> Self {
        Self(Some(Arc::default()))
    }

    fn set(&self, status: Status) {
        if let Some(halves) = &self.0 {
            // A stream fails once.
            let _ = halves.failure.set(status);
        }
    }

    /// The failure, or `status` where the request did not fail.
    pub(crate) fn or(&self, status: Status) -> Status {
        let failure = self.0.as_ref().and_then(|halves| halves.failure.get());
        failure.cloned().unwrap_or(status)
    }

    /// Nobody reads the response any more: what is left of the request is not to be sent.
    pub(crate) fn call_is_over(&self) {
        if let Some(halves) = &self.0 {
            halves.over.set(OVER);
        }
    }

    fn poll_over(&self, ticket: &mut Ticket, cx: &mut Context<'_>) -> Poll<()> {
        match &self.0 {
            Some(halves) => halves.over.poll(ticket, cx).map(drop),
            None => Poll::Pending,
        }
    }
}

const OVER: u8 = 1;

struct RequestBody {
    messages: Box<dyn Messages>,
    buffer: Buffer,
    failure: RequestFailure,
    over: Ticket,
    ended: bool,
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if !this.ended {
            if this.failure.poll_over(&mut this.over, cx).is_ready() {
                this.ended = true;
                // An error is what makes a transport reset the stream.
                let over = Status::cancelled("the call was over before its request");
                return Poll::Ready(Some(Err(over.into())));
            }
            match ready!(this.buffer.poll_fill(this.messages.as_mut(), None, cx)) {
                None => {}
                Some(Ok(())) => this.ended = true,
                Some(Err(status)) => {
                    this.ended = true;
                    this.failure.set(status.clone());
                    return Poll::Ready(Some(Err(status.into())));
                }
            }
        }
        Poll::Ready(this.buffer.take().map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended && self.buffer.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use futures_util::StreamExt as _;
    use futures_util::stream::{iter, pending};

    use super::*;
    use crate::codec::Prost;
    use crate::limits::Limits;
    use crate::wire::frame::HEADER_LEN;

    #[test]
    fn a_chunk_is_as_large_as_it_is_allocated_and_none_is_kept_while_nothing_comes() {
        let message = "a".repeat(60);
        let messages = iter(std::iter::repeat_n(Ok(message), 1000)).chain(pending());
        let mut messages = encoded::<Prost, String>(Streaming::from_stream(messages));
        let mut buffer = Buffer::new(Format::new(Protocol::GrpcWeb, Limits::DEFAULT));
        let mut cx = Context::from_waker(Waker::noop());
        let mut chunks = Vec::new();
        while buffer
            .poll_fill(messages.as_mut(), None, &mut cx)
            .is_ready()
        {
            let room = buffer.buf.capacity();
            let chunk = buffer.take().unwrap();
            assert!(
                room <= COALESCE + COALESCE / 8 || chunks.is_empty(),
                "{room}"
            );
            chunks.push(chunk.len());
        }
        assert_eq!(chunks.iter().sum::<usize>(), 1000 * (HEADER_LEN + 62));
        assert!(chunks.len() <= 3, "{chunks:?}");
        assert_eq!(buffer.buf.capacity(), 0);
    }

    #[test]
    fn a_chunk_of_text_is_what_its_frames_are_and_keeps_little_room() {
        for count in [1, 2, 100, 700, 5_000] {
            let mut cx = Context::from_waker(Waker::noop());
            let mut all = |protocol: Protocol| {
                let messages =
                    iter(std::iter::repeat_n(Ok("a".repeat(60)), count)).chain(pending());
                let mut messages = encoded::<Prost, String>(Streaming::from_stream(messages));
                let mut buffer = Buffer::new(Format::new(protocol, Limits::DEFAULT));
                let mut chunks = Vec::new();
                // It rests now and then, and is pending for good in the end.
                for _ in 0..2 * count {
                    if let Poll::Ready(None) = buffer.poll_fill(messages.as_mut(), None, &mut cx) {
                        chunks.push(buffer.take().unwrap());
                    }
                }
                chunks
            };
            let binary = all(Protocol::GrpcWeb);
            let text = all(Protocol::GrpcWebText);
            let len: usize = binary.iter().map(Bytes::len).sum();
            assert_eq!(len, count * (HEADER_LEN + 62));
            assert_eq!(text.len(), binary.len());
            for (text, binary) in text.into_iter().zip(&binary) {
                assert_eq!(text::decode(&text).as_ref(), Some(binary));
                let len = text.len();
                let room = text.try_into_mut().unwrap().capacity();
                assert!(room <= 2 * len, "{room} for {len}");
            }
        }
    }

    #[test]
    fn a_chunk_is_full_before_other_tasks_run() {
        let messages = Streaming::from_iter(std::iter::repeat_n("a".repeat(60), 10_000));
        let mut messages = encoded::<Prost, String>(messages);
        let mut buffer = Buffer::new(Format::new(Protocol::GrpcWeb, Limits::DEFAULT));
        let mut cx = Context::from_waker(Waker::noop());
        let (mut full, mut rests) = (0, 0);
        loop {
            match buffer.poll_fill(messages.as_mut(), None, &mut cx) {
                Poll::Ready(None) => {
                    assert!(buffer.take().unwrap().len() >= COALESCE);
                    full += 1;
                }
                Poll::Ready(Some(result)) => break result.unwrap(),
                Poll::Pending => {
                    assert!(
                        buffer.buf.capacity() > COALESCE,
                        "the next chunk comes at once"
                    );
                    rests += 1;
                }
            }
        }
        assert_eq!(full, 10_000 * (HEADER_LEN + 62) / COALESCE);
        assert!(rests >= 5, "{rests}");
    }
}
