//! Messages out of an HTTP body.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Body as _;

use crate::outbound::RequestFailure;
use crate::server::Remainder;
use crate::wire::frame::{Frame, FrameDecoder, FrameError, FrameLimits};
use crate::wire::protocol::Protocol;
use crate::wire::text::TextDecoder;
use crate::wire::{status, trailers};
use crate::{Body, BoxError, Limits, MetadataMap, Status};

/// The most bytes of trailers that a response may have.
const MAX_TRAILERS: usize = 1024 * 1024;

/// Which half of a call is being read.
#[derive(Debug)]
enum Half {
    /// Ends where the body ends. What is not read of it goes into `rest`, where somebody wants it.
    Request { rest: Option<Remainder> },
    /// Ends with a status: in the body, or in the head where the body has none.
    Response {
        head: Option<HeaderMap>,
        request: RequestFailure,
    },
}

/// Reads the messages of a request or a response, then what ends it.
#[derive(Debug)]
pub(crate) struct Inbound {
    body: Body,
    text: Option<TextDecoder>,
    frames: FrameDecoder,
    half: Half,
}

/// What [`Inbound`] finds next.
#[derive(Debug)]
pub(crate) enum Item {
    Message(Bytes),
    /// The end of a call that went well, with its trailing metadata.
    End(MetadataMap),
}

impl Inbound {
    pub(crate) fn request(
        body: Body,
        protocol: Protocol,
        limits: Limits,
        rest: Option<Remainder>,
    ) -> Self {
        Self::new(body, protocol, limits, Half::Request { rest })
    }

    /// `head` is a status that came with the headers of the response, `request` what became of the
    /// request that it answers.
    pub(crate) fn response(
        body: Body,
        protocol: Protocol,
        limits: Limits,
        head: Option<HeaderMap>,
        request: RequestFailure,
    ) -> Self {
        Self::new(body, protocol, limits, Half::Response { head, request })
    }

    fn new(body: Body, protocol: Protocol, limits: Limits, half: Half) -> Self {
        Self {
            body,
            text: protocol.is_text().then(TextDecoder::default),
            frames: FrameDecoder::new(FrameLimits {
                message: limits.decoding(),
                trailers: MAX_TRAILERS,
            }),
            half,
        }
    }

    /// The next message, or the end. Not to be called again after the end or an error.
    pub(crate) fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Result<Item, Status>> {
        self.poll_body(cx).map_err(|status| match &self.half {
            Half::Request { .. } => status,
            Half::Response { request, .. } => request.or(status),
        })
    }

    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Result<Item, Status>> {
        loop {
            match self.frames.next_frame().map_err(|e| self.frame_error(e))? {
                Some(Frame::Message(payload)) => return Poll::Ready(Ok(Item::Message(payload))),
                Some(Frame::Trailers(block)) => return Poll::Ready(self.end_in_body(&block, cx)),
                None => {}
            }
            if let Some(text) = &self.text {
                text.check().map_err(|e| self.malformed(&e))?;
            }
            let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)) else {
                return Poll::Ready(self.end_of_body());
            };
            match frame.map_err(|e| self.body_error(e))?.into_data() {
                Ok(data) => {
                    let data = match &mut self.text {
                        Some(text) => text.decode(&data),
                        None => data,
                    };
                    self.frames.push(data);
                }
                Err(frame) => {
                    if let (Half::Response { .. }, Ok(trailers)) =
                        (&self.half, frame.into_trailers())
                    {
                        if status::is_in(&trailers) {
                            self.check_end()?;
                            return Poll::Ready(self.end_with(trailers));
                        }
                    }
                }
            }
        }
    }

    /// What has not been read of the body.
    pub(crate) fn take_body(&mut self) -> Body {
        std::mem::take(&mut self.body)
    }

    /// The only message, where the call has to have one.
    pub(crate) async fn single(&mut self) -> Result<(Bytes, MetadataMap), Status> {
        let first = match self.item().await? {
            Item::Message(payload) => payload,
            Item::End(_) => {
                return Err(Status::unimplemented(match self.half {
                    Half::Request { .. } => "the request has no message, but the method takes one",
                    Half::Response { .. } => {
                        "the response has no message, but the method returns one"
                    }
                }));
            }
        };
        match self.item().await? {
            Item::End(trailers) => Ok((first, trailers)),
            Item::Message(_) => Err(Status::unimplemented(match self.half {
                Half::Request { .. } => {
                    "the request has more than the one message that the method takes"
                }
                Half::Response { .. } => {
                    "the response has more than the one message that the method returns"
                }
            })),
        }
    }

    async fn item(&mut self) -> Result<Item, Status> {
        std::future::poll_fn(|cx| self.poll_item(cx)).await
    }

    /// Ends at a trailers frame: whatever the server still sends is not waited for.
    fn end_in_body(&mut self, block: &Bytes, cx: &mut Context<'_>) -> Result<Item, Status> {
        let Half::Response { head, .. } = &mut self.half else {
            return Err(Status::invalid_argument(
                "the request has a trailers frame, which only a response may have",
            ));
        };
        let trailers = trailers::parse(block).map_err(|e| Status::internal(e.to_string()))?;
        let trailers = match head.take() {
            Some(head) if !status::is_in(&trailers) => head,
            _ => trailers,
        };
        // An HTTP/1.1 connection serves the next call only if the end of this body was seen. It is
        // there already in most cases, so one look is worth it, and no more than one.
        let _ = Pin::new(&mut self.body).poll_frame(cx);
        self.end_with(trailers)
    }

    /// Checks that nothing is missing of what has begun.
    fn check_end(&self) -> Result<(), Status> {
        if let Some(text) = &self.text {
            text.finish().map_err(|e| self.malformed(&e))?;
        }
        self.frames.finish().map_err(|e| self.frame_error(e))
    }

    fn end_of_body(&mut self) -> Result<Item, Status> {
        self.check_end()?;
        match &mut self.half {
            Half::Request { .. } => Ok(Item::End(MetadataMap::new())),
            Half::Response { head, .. } => match head.take() {
                Some(head) => self.end_with(head),
                None => Err(Status::unknown(
                    "the response ended without a status: the server, or a proxy in front of it, \
                     cut it off",
                )),
            },
        }
    }

    fn end_with(&mut self, trailers: HeaderMap) -> Result<Item, Status> {
        self.body = Body::empty();
        status::read(trailers).map(Item::End)
    }

    fn frame_error(&self, error: FrameError) -> Status {
        match (&error, &self.half) {
            (FrameError::MessageTooLong { len, limit }, half) => {
                let (what, side) = match half {
                    Half::Request { .. } => ("request", "server"),
                    Half::Response { .. } => ("response", "client"),
                };
                Status::resource_exhausted(format!(
                    "a {what} message of {len} bytes is over the {side}'s limit of {limit}: raise \
                     it with Limits::max_decoding_message_size"
                ))
            }
            (FrameError::TrailersTooLong { .. }, Half::Response { .. }) => {
                Status::resource_exhausted(error.to_string())
            }
            (FrameError::Compressed, _) => Status::internal(error.to_string()),
            _ => self.malformed(&error),
        }
    }

    /// Bytes that are not what the protocol says: the client's fault, or the server's.
    fn malformed(&self, error: &(dyn std::error::Error + Send + Sync)) -> Status {
        match self.half {
            Half::Request { .. } => Status::invalid_argument(error.to_string()),
            Half::Response { .. } => Status::internal(error.to_string()),
        }
    }

    /// A body that broke off. A status in the error is from this side, as from a layer that refused
    /// the body, and says more than that.
    fn body_error(&self, error: BoxError) -> Status {
        if let Some(status) = Status::find_in(error.as_ref()) {
            return status.clone();
        }
        match self.half {
            Half::Request { .. } => {
                Status::cancelled("the client went away while it was sending the request")
            }
            Half::Response { .. } => Status::unavailable(format!(
                "the connection broke while the response was being read: {error}"
            )),
        }
        .with_source(error)
    }
}

impl Drop for Inbound {
    fn drop(&mut self) {
        let body = self.take_body();
        if let Half::Request { rest: Some(rest) } = &self.half {
            rest.put(body);
        }
    }
}
