use std::sync::Arc;

use http::HeaderValue;

use super::drain::{self, Remainder};
use super::exchange::Draining;
use super::observed_body;
use super::observer::Direction;
use super::respond;
use super::running::Running;
use super::stream_body::StreamBody;
use crate::apart::Apart;
use crate::codec::{self, Codec};
use crate::format::Format;
use crate::optional_metadata::OptionalMetadata;
use crate::outbound::{self, Alone, Messages};
use crate::wire::compression::GRPC_ENCODING;
use crate::{Body, MetadataMap, Response, Status, Streaming};

#[cfg(feature = "gzip")]
use super::content_encoding;

/// What a handler returned, without its type.
pub(super) struct Reply {
    metadata: OptionalMetadata,
    trailing: OptionalMetadata,
    content: Content,
}

enum Content {
    /// The frame of the only message, and the length of the message before it was compressed.
    Message(Alone, usize),
    Stream(Box<dyn Messages>),
}

impl Reply {
    pub(super) fn message<C: Codec<T>, T>(
        response: Response<T>,
        apart: Option<fn(&mut T) -> Option<Apart>>,
        answer: &Answer,
    ) -> Result<Self, Status> {
        let (mut message, metadata, trailing) = response.into_parts();
        let format = &answer.format;
        let apart = apart.filter(|_| answer.sends_as_it_is());
        let (frame, len) = match apart.and_then(|apart| apart(&mut message)) {
            None => {
                let room = outbound::ROOM_FOR_OK;
                let (frame, len) = codec::encode_alone::<C, T>(&message, format, room)?;
                (Alone::Whole(frame), len)
            }
            Some(apart) => {
                let (frame, len) = codec::encode_parted::<C, T>(&message, apart, format)?;
                (Alone::Parted(Box::new(frame)), len)
            }
        };
        Ok(Self {
            metadata,
            trailing,
            content: Content::Message(frame, len),
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

/// The response of a call.
pub(super) enum Finished {
    Now(http::Response<Body>),
    /// Once the rest of the request has been read.
    Drained(Draining),
}

/// How a call is answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    pub(super) format: Format,
    /// Whether the body is compressed as a whole.
    #[cfg(feature = "gzip")]
    pub(super) gzip: bool,
}

impl Answer {
    /// Whether what leaves is what was encoded, and not made of it.
    fn sends_as_it_is(&self) -> bool {
        #[cfg(feature = "gzip")]
        if self.gzip {
            return false;
        }
        self.format.compression.is_none() && !self.format.protocol.is_text()
    }

    /// The response to a call whose handler has ended.
    pub(super) fn finish(
        self,
        result: Result<Reply, Status>,
        running: Running,
        rest: Option<Arc<Remainder>>,
    ) -> Finished {
        let body = match result {
            // The two streams go on side by side.
            Ok(Reply {
                metadata,
                trailing,
                content: Content::Stream(messages),
            }) => {
                let trailing = trailing.into_inner();
                let response = self.stream(metadata, messages, trailing, running, rest);
                return Finished::Now(response);
            }
            Ok(Reply {
                metadata,
                trailing,
                content: Content::Message(frame, len),
            }) => outbound::unary(&self.format, frame, trailing.into_option()).map(|body| {
                running.context.message(Direction::Sent, len);
                (metadata, body)
            }),
            Err(status) => Err(status),
        };
        running.end(body.as_ref().map(|_| ()));
        let mut response = match body {
            Ok((metadata, body)) => self.respond(metadata, body),
            Err(status) => {
                let Format {
                    limits, protocol, ..
                } = self.format;
                respond::error_within(limits.trailers, protocol, &status)
            }
        };
        observed_body::watch(&mut response, &running.context);
        match rest.and_then(|rest| rest.take()) {
            Some(body) => {
                let shutdown = running.context.shutdown.clone();
                Finished::Drained(Box::pin(drain::drain(body, response, shutdown)))
            }
            None => Finished::Now(response),
        }
    }

    fn stream(
        &self,
        metadata: OptionalMetadata,
        messages: Box<dyn Messages>,
        trailing: MetadataMap,
        running: Running,
        rest: Option<Arc<Remainder>>,
    ) -> http::Response<Body> {
        let context = Arc::clone(&running.context);
        let body = StreamBody::new(self.format, messages, trailing, running, rest);
        let mut response = self.respond(metadata, Body::new(body));
        respond::unbuffered(&mut response);
        observed_body::watch(&mut response, &context);
        response
    }

    fn respond(&self, metadata: OptionalMetadata, body: Body) -> http::Response<Body> {
        let mut response = respond::rpc(self.format.protocol, metadata.into_option(), body);
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
