use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue};
use http_body::Frame;

use super::drain::{self, Remainder};
use super::respond;
use super::running::{Running, caught};
use crate::codec::{self, Codec};
use crate::format::Format;
use crate::outbound::{self, Buffer, Filled, Messages};
use crate::wire::compression::GRPC_ENCODING;
use crate::{Body, BoxError, MetadataMap, Response, Status, Streaming};

#[cfg(feature = "gzip")]
use super::content_encoding;

/// What a handler returned, without its type.
pub(super) struct Reply {
    metadata: MetadataMap,
    trailing: MetadataMap,
    content: Content,
}

enum Content {
    /// The frame of the only message.
    Message(BytesMut),
    Stream(Box<dyn Messages>),
}

impl Reply {
    pub(super) fn message<C: Codec<T>, T>(
        response: Response<T>,
        answer: &Answer,
    ) -> Result<Self, Status> {
        let (message, metadata, trailing) = response.into_parts();
        let frame = codec::encode_alone::<C, T>(&message, &answer.format, outbound::ROOM_FOR_OK)?;
        Ok(Self {
            metadata,
            trailing,
            content: Content::Message(frame),
        })
    }

    pub(super) fn stream<C: Codec<T>, T: 'static>(response: Response<Streaming<T>>) -> Self {
        let (messages, metadata, trailing) = response.into_parts();
        Self {
            metadata,
            trailing,
            content: Content::Stream(outbound::encoded::<C, T>(messages)),
        }
    }
}

/// How a call is answered.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) format: Format,
    /// Whether the body is compressed as a whole.
    #[cfg(feature = "gzip")]
    pub(super) gzip: bool,
}

impl Answer {
    /// The response to a call whose handler has ended.
    pub(super) async fn finish(
        self,
        result: Result<Reply, Status>,
        running: Running,
        rest: Option<Arc<Remainder>>,
    ) -> http::Response<Body> {
        let response = match result {
            // The two streams go on side by side.
            Ok(Reply {
                metadata,
                trailing,
                content: Content::Stream(messages),
            }) => return self.stream(metadata, messages, trailing, running),
            Ok(Reply {
                metadata,
                trailing,
                content: Content::Message(frame),
            }) => outbound::unary(&self.format, frame, trailing)
                .map(|body| self.respond(metadata, body)),
            Err(status) => Err(status),
        };
        running.end();
        drop(running);
        let response = response.unwrap_or_else(|status| {
            let Format {
                limits, protocol, ..
            } = self.format;
            respond::error_within(limits.trailers, protocol, &status)
        });
        match rest.and_then(|rest| rest.take()) {
            Some(body) => drain::drain(body, response).await,
            None => response,
        }
    }

    fn stream(
        &self,
        metadata: MetadataMap,
        messages: Box<dyn Messages>,
        trailing: MetadataMap,
        running: Running,
    ) -> http::Response<Body> {
        let body = StreamBody {
            messages: Some(messages),
            buffer: Buffer::new(self.format),
            trailing,
            format: self.format,
            running: Some(running),
            http_trailers: None,
        };
        self.respond(metadata, Body::new(body))
    }

    fn respond(&self, metadata: MetadataMap, body: Body) -> http::Response<Body> {
        let mut response = respond::rpc(self.format.protocol, metadata, body);
        if let Some(encoding) = self.format.compression {
            let encoding = HeaderValue::from_static(encoding.name());
            response.headers_mut().insert(GRPC_ENCODING, encoding);
        }
        #[cfg(feature = "gzip")]
        if self.gzip {
            return content_encoding::gzip(response);
        }
        response
    }
}

/// The body of a streaming response.
struct StreamBody {
    /// Gone once the stream has ended.
    messages: Option<Box<dyn Messages>>,
    buffer: Buffer,
    trailing: MetadataMap,
    format: Format,
    running: Option<Running>,
    http_trailers: Option<HeaderMap>,
}

impl StreamBody {
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<(), Status>>> {
        let Some(messages) = &mut self.messages else {
            return Poll::Ready(None);
        };
        if let Some(running) = &mut self.running {
            if let Poll::Ready(status) = running.poll_interrupted(cx) {
                return Poll::Ready(Some(Err(status)));
            }
        }
        let buffer = &mut self.buffer;
        match caught(|| buffer.poll_fill(messages.as_mut(), cx)) {
            Ok(Poll::Ready(Filled::Ended(result))) => Poll::Ready(Some(result)),
            Ok(Poll::Ready(Filled::Enough)) => Poll::Ready(None),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panicked) => Poll::Ready(Some(Err(panicked))),
        }
    }

    fn end(&mut self, result: Result<(), Status>) {
        let messages = self.messages.take();
        let mut trailing = std::mem::take(&mut self.trailing);
        match (&result, &messages) {
            (Ok(()), Some(messages)) => trailing.extend(messages.trailers()),
            (Ok(()), None) => {}
            (Err(status), _) => trailing.extend(status.metadata()),
        }
        let trailers = respond::trailers(result, trailing, self.format.limits.trailers);
        if self.format.protocol.ends_in_body() {
            self.buffer.put_trailers(&trailers);
        } else {
            self.http_trailers = Some(trailers);
        }
        if let Some(running) = self.running.take() {
            running.end();
        }
    }
}

impl http_body::Body for StreamBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.poll_end(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Some(result)) => self.end(result),
            Poll::Ready(None) => {}
        }
        if let Some(chunk) = self.buffer.take() {
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        Poll::Ready(self.http_trailers.take().map(|t| Ok(Frame::trailers(t))))
    }

    fn is_end_stream(&self) -> bool {
        self.messages.is_none() && self.buffer.is_empty() && self.http_trailers.is_none()
    }
}
