//! Messages into an HTTP body.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::Frame;
use prost::Message;

use crate::wire::protocol::Protocol;
use crate::wire::{status, text, trailers};
use crate::{Body, BoxError, Limits, MetadataMap, Status, Streaming, codec};

/// How many bytes of messages that are ready at once go out together. A message that has to be
/// waited for is never held back for more.
const COALESCE: usize = 32 * 1024;

/// The body of a unary response, in one chunk.
pub(crate) fn unary<T: Message>(
    protocol: Protocol,
    limits: Limits,
    message: &T,
    trailing: MetadataMap,
) -> Result<Body, Status> {
    if trailing.is_empty() {
        let mut buf = codec::encode_alone(message, limits, trailers::OK.len())?;
        buf.extend_from_slice(trailers::OK);
        Ok(whole(protocol, buf))
    } else {
        let mut buf = codec::encode_alone(message, limits, 0)?;
        put_trailers(Ok(()), trailing, &mut buf);
        Ok(whole(protocol, buf))
    }
}

/// The body of a response that is only an error.
pub(crate) fn error(protocol: Protocol, status: &Status) -> Body {
    let mut buf = BytesMut::new();
    put_trailers(Err(status), status.metadata().clone(), &mut buf);
    whole(protocol, buf)
}

/// The body of a streaming response: `trailing` goes out after the end of the stream, with what the
/// stream itself ended with.
pub(crate) fn response<T: Message + 'static>(
    protocol: Protocol,
    limits: Limits,
    messages: Streaming<T>,
    trailing: MetadataMap,
) -> Body {
    Outbound::body(protocol, limits, messages, Half::Response { trailing })
}

/// The body of a streaming request. An error in the stream breaks the request off, and is kept in
/// `failure`.
pub(crate) fn request<T: Message + 'static>(
    protocol: Protocol,
    limits: Limits,
    messages: Streaming<T>,
    failure: RequestFailure,
) -> Body {
    Outbound::body(protocol, limits, messages, Half::Request { failure })
}

/// One chunk, as it travels.
pub(crate) fn whole(protocol: Protocol, buf: BytesMut) -> Body {
    Body::full(flush(protocol, buf))
}

fn flush(protocol: Protocol, buf: BytesMut) -> Bytes {
    if protocol.is_text() {
        text::encode(&buf)
    } else {
        buf.freeze()
    }
}

fn put_trailers(result: Result<(), &Status>, trailing: MetadataMap, buf: &mut BytesMut) {
    let mut headers = trailing.into_trailers();
    match result {
        Ok(()) if headers.is_empty() => {
            buf.extend_from_slice(trailers::OK);
            return;
        }
        Ok(()) => {
            headers.insert(status::GRPC_STATUS, http::HeaderValue::from_static("0"));
        }
        Err(status) => status::write(status, &mut headers),
    }
    trailers::put(buf, &headers);
}

/// Messages that encode themselves: what is left of a [`Streaming`] when its type is forgotten.
trait Messages: Send {
    /// Appends the frame of the next message.
    fn poll_encode(
        &mut self,
        cx: &mut Context<'_>,
        limits: Limits,
        buf: &mut BytesMut,
    ) -> Poll<Option<Result<(), Status>>>;

    /// What the stream ended with.
    fn trailers(&self) -> &MetadataMap;
}

impl<T: Message + 'static> Messages for Streaming<T> {
    fn poll_encode(
        &mut self,
        cx: &mut Context<'_>,
        limits: Limits,
        buf: &mut BytesMut,
    ) -> Poll<Option<Result<(), Status>>> {
        let next = ready!(self.poll_message(cx));
        Poll::Ready(next.map(|message| codec::encode_into(&message?, limits, buf)))
    }

    fn trailers(&self) -> &MetadataMap {
        Streaming::trailers(self)
    }
}

/// Why a stream of requests broke off, kept for the caller: what a transport reports after that is
/// only that the request was not finished. A request of one message cannot fail so, and keeps nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestFailure(Option<Arc<OnceLock<Status>>>);

impl RequestFailure {
    pub(crate) fn of_stream() -> Self {
        Self(Some(Arc::default()))
    }

    fn set(&self, status: Status) {
        if let Some(failure) = &self.0 {
            // A stream fails once.
            let _ = failure.set(status);
        }
    }

    /// The failure, or `status` where the request did not fail.
    pub(crate) fn or(&self, status: Status) -> Status {
        let failure = self.0.as_ref().and_then(|failure| failure.get());
        failure.cloned().unwrap_or(status)
    }
}

enum Half {
    Request { failure: RequestFailure },
    Response { trailing: MetadataMap },
}

struct Outbound {
    messages: Box<dyn Messages>,
    protocol: Protocol,
    limits: Limits,
    buf: BytesMut,
    half: Half,
    ended: bool,
}

impl Outbound {
    fn body<T: Message + 'static>(
        protocol: Protocol,
        limits: Limits,
        messages: Streaming<T>,
        half: Half,
    ) -> Body {
        Body::new(Self {
            messages: Box::new(messages),
            protocol,
            limits,
            buf: BytesMut::new(),
            half,
            ended: false,
        })
    }

    fn end(&mut self, result: Result<(), Status>) -> Result<(), BoxError> {
        self.ended = true;
        match (&mut self.half, result) {
            (Half::Request { failure }, result) => result.map_err(|status| {
                failure.set(status.clone());
                status.into()
            }),
            (Half::Response { trailing }, result) => {
                let mut trailing = std::mem::take(trailing);
                trailing.extend(match &result {
                    Ok(()) => self.messages.trailers(),
                    Err(status) => status.metadata(),
                });
                put_trailers(result.as_ref().map(|&()| ()), trailing, &mut self.buf);
                Ok(())
            }
        }
    }
}

impl http_body::Body for Outbound {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        while !this.ended && this.buf.len() < COALESCE {
            match this.messages.poll_encode(cx, this.limits, &mut this.buf) {
                Poll::Ready(Some(Ok(()))) => {}
                Poll::Ready(Some(Err(status))) => this.end(Err(status))?,
                Poll::Ready(None) => this.end(Ok(()))?,
                Poll::Pending if this.buf.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        if this.buf.is_empty() {
            return Poll::Ready(None);
        }
        let chunk = flush(this.protocol, this.buf.split());
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended && self.buf.is_empty()
    }
}
