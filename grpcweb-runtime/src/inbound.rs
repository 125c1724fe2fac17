//! Messages out of an HTTP body.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Body as _;

use crate::cancel::CallContext;
use crate::client::{Hooks, broken};
use crate::deadline::{DEADLINE_EXCEEDED, Timer, broken_off, poll_timer};
use crate::format::Format;
use crate::outbound::RequestFailure;
use crate::server::{Direction, Remainder};
use crate::wire::compression::DecompressError;
use crate::wire::frame::{Frame, FrameDecoder, FrameError, FrameLimits, Kind};
use crate::wire::text::TextDecoder;
use crate::wire::{status, trailers};
use crate::{Body, BoxError, MetadataMap, Status};

/// Which half of a call is being read.
#[derive(Debug)]
enum Half {
    Request(Sender),
    Response(Origin),
}

/// Where a response comes from. It ends with a status: in the body, or in the head where the body has
/// neither a status nor messages.
#[derive(Debug)]
pub(crate) struct Origin {
    /// The head, where it has a status and no message has come.
    pub(crate) head: Option<HeaderMap>,
    /// What became of the request that it answers.
    pub(crate) request: RequestFailure,
    /// When the call has to be over.
    pub(crate) deadline: Option<Instant>,
    /// Who wants to know the end of the call.
    pub(crate) hooks: Option<Hooks>,
}

/// The client that a request comes from, and what it is granted. A request ends where its body ends.
#[derive(Debug)]
pub(crate) struct Sender {
    /// Where what is not read of the body is put, where somebody wants it.
    pub(crate) rest: Option<Arc<Remainder>>,
    /// How long a message may take to arrive.
    pub(crate) patience: Duration,
    /// The call, where observers watch it.
    pub(crate) observed: Option<Arc<CallContext>>,
}

impl Origin {
    /// Tells of the end of the call, the first time that there is one.
    fn ended(&self, outcome: Result<&MetadataMap, &Status>) {
        if let Some(hooks) = &self.hooks {
            hooks.end(outcome);
        }
    }
}

/// Reads the messages of a request or a response, then what ends it.
#[derive(Debug)]
pub(crate) struct Inbound {
    body: Body,
    read: u64,
    text: Option<TextDecoder>,
    frames: FrameDecoder,
    format: Format,
    half: Half,
    /// Whether there has to be one message and no more, so that the whole body is waited for as one.
    single: bool,
    /// Whether that message was there: another one is refused as it is, and not decompressed first.
    complete: bool,
    /// That message, until the end is there too.
    only: Option<Bytes>,
    /// In a request it runs while a message is on its way, in a response until the call's deadline.
    timer: Option<Timer>,
    /// What was read before somebody asked for it.
    first: Option<Item>,
}

/// What [`Inbound`] finds next.
#[derive(Debug)]
pub(crate) enum Item {
    Message(Bytes),
    /// The end of a call that went well, with its trailing metadata.
    End(MetadataMap),
}

impl Inbound {
    pub(crate) fn request(body: Body, format: Format, sender: Sender) -> Self {
        Self::new(body, format, Half::Request(sender))
    }

    pub(crate) fn response(body: Body, format: Format, origin: Origin) -> Self {
        Self::new(body, format, Half::Response(origin))
    }

    /// Lets a response end at a deadline.
    pub(crate) fn end_at(&mut self, deadline: Option<Timer>) {
        self.timer = deadline;
    }

    /// Waits for the first message, or for the end, and keeps it.
    pub(crate) async fn begin(&mut self) -> Result<(), Status> {
        let first = self.item().await?;
        self.first = Some(first);
        Ok(())
    }

    fn new(body: Body, format: Format, half: Half) -> Self {
        Self {
            body,
            read: 0,
            text: format.protocol.is_text().then(TextDecoder::default),
            frames: FrameDecoder::new(FrameLimits {
                message: format.limits.decoding,
                trailers: format.limits.trailers,
            }),
            format,
            half,
            single: false,
            complete: false,
            only: None,
            timer: None,
            first: None,
        }
    }

    /// The next message, or the end. Not to be called again after the end or an error.
    pub(crate) fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Result<Item, Status>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Ok(first));
        }
        if let Some(payload) = self.next_of_stream() {
            return Poll::Ready(Ok(Item::Message(payload)));
        }
        match self.half {
            Half::Request(_) => self.poll_request(cx),
            Half::Response(_) => self.poll_response(cx),
        }
    }

    /// The next message of a response that may have more of them, where it is there and nothing else is to
    /// be looked at: what costs most about a small message is to hand it on.
    fn next_of_stream(&mut self) -> Option<Bytes> {
        let Half::Response(origin) = &mut self.half else {
            return None;
        };
        if self.single || self.timer.is_some() {
            return None;
        }
        let payload = self.frames.next_whole_message()?;
        origin.head = None;
        Some(payload)
    }

    fn poll_request(&mut self, cx: &mut Context<'_>) -> Poll<Result<Item, Status>> {
        let item = match self.poll_body(cx) {
            Poll::Pending => return self.poll_arrival(cx).map(Err),
            Poll::Ready(item) => item,
        };
        if !self.single {
            self.timer = None;
        }
        Poll::Ready(item)
    }

    fn poll_response(&mut self, cx: &mut Context<'_>) -> Poll<Result<Item, Status>> {
        let item = match poll_timer(&mut self.timer, cx) {
            Poll::Ready(()) => {
                self.body = Body::empty();
                Err(Status::deadline_exceeded(DEADLINE_EXCEEDED))
            }
            Poll::Pending => ready!(self.poll_body(cx)),
        };
        let Half::Response(origin) = &self.half else {
            return Poll::Ready(item);
        };
        let item = item.map_err(|status| origin.request.or(status));
        // What a single message comes to is known once it is decoded.
        if !self.single {
            match &item {
                Ok(Item::Message(_)) => {}
                Ok(Item::End(trailers)) => origin.ended(Ok(trailers)),
                Err(status) => origin.ended(Err(status)),
            }
        }
        Poll::Ready(item)
    }

    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Result<Item, Status>> {
        loop {
            if let Some(frame) = self.frames.next_frame().map_err(|e| self.frame_error(e))? {
                return Poll::Ready(self.item_of(frame, cx));
            }
            if let Some(text) = &self.text {
                text.check().map_err(|e| self.malformed(&e))?;
            }
            let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)) else {
                return Poll::Ready(self.end_of_body());
            };
            match frame.map_err(|e| self.body_error(e))?.into_data() {
                Ok(data) => {
                    self.count(data.len())?;
                    let data = match &mut self.text {
                        Some(text) => text.decode(&data),
                        None => data,
                    };
                    self.frames.push(data);
                }
                Err(frame) => {
                    if let (Half::Response(_), Ok(trailers)) = (&self.half, frame.into_trailers()) {
                        if status::is_in(&trailers) {
                            self.check_end()?;
                            return Poll::Ready(self.end_with(trailers));
                        }
                    }
                }
            }
        }
    }

    /// Gives up on a client that began a message and does not finish it.
    fn poll_arrival(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        let Half::Request(Sender { patience, .. }) = self.half else {
            return Poll::Pending;
        };
        if !self.single && !self.frames.is_inside() {
            return Poll::Pending;
        }
        if self.timer.is_none() {
            self.timer = Timer::after(patience);
        }
        poll_timer(&mut self.timer, cx).map(|()| {
            Status::deadline_exceeded(format!(
                "the request message did not arrive within {patience:?}: send it faster, or raise the \
                 limit with ServerOptions::receive_timeout"
            ))
        })
    }

    /// Tells of the end of a call that this has not seen itself: its messages are decoded elsewhere.
    pub(crate) fn ended(&self, outcome: Result<&MetadataMap, &Status>) {
        if let Half::Response(origin) = &self.half {
            origin.ended(outcome);
        }
    }

    /// What has not been read of the body.
    pub(crate) fn take_body(&mut self) -> Body {
        std::mem::take(&mut self.body)
    }

    /// Waits for the only message.
    pub(crate) async fn single(&mut self) -> Result<(Bytes, MetadataMap), Status> {
        std::future::poll_fn(|cx| self.poll_single(cx)).await
    }

    /// The only message, where the call has to have one.
    pub(crate) fn poll_single(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(Bytes, MetadataMap), Status>> {
        self.single = true;
        let trailers = loop {
            match ready!(self.poll_item(cx))? {
                Item::Message(_) if self.complete => {
                    return Poll::Ready(Err(Status::unimplemented(match self.half {
                        Half::Request(_) => {
                            "the request has more than the one message that the method takes"
                        }
                        Half::Response(_) => {
                            "the response has more than the one message that the method returns"
                        }
                    })));
                }
                Item::Message(payload) => {
                    self.complete = true;
                    self.only = Some(payload);
                }
                Item::End(trailers) => break trailers,
            }
        };
        Poll::Ready(match self.only.take() {
            Some(payload) => Ok((payload, trailers)),
            None => Err(Status::unimplemented(match self.half {
                Half::Request(_) => "the request has no message, but the method takes one",
                Half::Response(_) => "the response has no message, but the method returns one",
            })),
        })
    }

    async fn item(&mut self) -> Result<Item, Status> {
        std::future::poll_fn(|cx| self.poll_item(cx)).await
    }

    fn item_of(&mut self, frame: Frame, cx: &mut Context<'_>) -> Result<Item, Status> {
        let ends_in_body = self.format.protocol.ends_in_body();
        match (frame.kind, &mut self.half) {
            (Kind::Message, _) if self.complete => Ok(Item::Message(frame.payload)),
            (Kind::Message, half) => {
                if let Half::Response(origin) = half {
                    origin.head = None;
                }
                let payload = self.payload_of(frame)?;
                if let Half::Request(Sender {
                    observed: Some(call),
                    ..
                }) = &self.half
                {
                    call.message(Direction::Received, payload.len());
                }
                Ok(Item::Message(payload))
            }
            (Kind::Trailers, Half::Response(_)) if ends_in_body => {
                let block = self.payload_of(frame)?;
                self.end_in_body(&block, cx)
            }
            (Kind::Trailers, Half::Response(_)) => Err(Status::internal(
                "the response has a trailers frame, which only gRPC-Web has",
            )),
            (Kind::Trailers, Half::Request(_)) => Err(Status::invalid_argument(
                "the request has a trailers frame, which only a response may have",
            )),
        }
    }

    /// The payload as it was before it was compressed.
    fn payload_of(&self, frame: Frame) -> Result<Bytes, Status> {
        if !frame.compressed {
            return Ok(frame.payload);
        }
        let Some(encoding) = self.format.compression else {
            return Err(Status::internal(
                "a frame is marked as compressed, but the call has no grpc-encoding",
            ));
        };
        if frame.payload.is_empty() {
            return Ok(frame.payload);
        }
        let limit = match frame.kind {
            Kind::Message => self.format.limits.decoding,
            Kind::Trailers => self.format.limits.trailers,
        };
        encoding
            .decompress(&frame.payload, limit)
            .map_err(|error| match error {
                DecompressError::TooLong { limit } => {
                    self.too_long(format_args!("that was decompressed"), limit)
                }
                DecompressError::Corrupt { .. } => self.malformed(&error).with_source(error),
            })
    }

    /// Ends at a trailers frame: whatever the server still sends is not waited for.
    fn end_in_body(&mut self, block: &Bytes, cx: &mut Context<'_>) -> Result<Item, Status> {
        let trailers = trailers::parse(block).map_err(|e| Status::internal(e.to_string()))?;
        let trailers = match &mut self.half {
            Half::Response(origin) if !status::is_in(&trailers) => {
                origin.head.take().unwrap_or(trailers)
            }
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
            Half::Request(_) => {
                self.body = Body::empty();
                Ok(Item::End(MetadataMap::new()))
            }
            Half::Response(origin) => match origin.head.take() {
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

    /// Counts the bytes of a request, which may be limited as a whole.
    fn count(&mut self, len: usize) -> Result<(), Status> {
        self.read = self
            .read
            .saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
        let limit = self.format.limits.body;
        if self.read > limit {
            return Err(Status::resource_exhausted(format!(
                "the request has more than the {limit} bytes that it may have in all: raise the \
                 server's limit with ServerOptions::max_request_size"
            )));
        }
        Ok(())
    }

    fn frame_error(&self, error: FrameError) -> Status {
        match (&error, &self.half) {
            (FrameError::MessageTooLong { len, limit }, _) => {
                self.too_long(format_args!("of {len} bytes"), *limit)
            }
            (FrameError::TrailersTooLong { .. }, Half::Response(_)) => Status::resource_exhausted(
                format!("{error}: raise it with Client::max_trailers_size"),
            ),
            _ => self.malformed(&error),
        }
    }

    fn too_long(&self, which: std::fmt::Arguments<'_>, limit: usize) -> Status {
        let (what, side) = match self.half {
            Half::Request(_) => ("request", "server"),
            Half::Response(_) => ("response", "client"),
        };
        Status::resource_exhausted(format!(
            "a {what} message {which} is over the {side}'s limit of {limit} bytes: raise it with \
             max_decoding_message_size"
        ))
    }

    /// Bytes that are not what the protocol says: the client's fault, or the server's.
    fn malformed(&self, error: &(dyn std::error::Error + Send + Sync)) -> Status {
        match self.half {
            Half::Request(_) => Status::invalid_argument(error.to_string()),
            Half::Response(_) => Status::internal(error.to_string()),
        }
    }

    /// A body that broke off. A status in the error is from this side, as from a layer that refused
    /// the body, and says more than that.
    fn body_error(&self, error: BoxError) -> Status {
        if let Some(status) = Status::find_in(error.as_ref()) {
            return status.clone();
        }
        match &self.half {
            Half::Request(_) => {
                Status::cancelled("the client went away while it was sending the request")
                    .with_source(error)
            }
            Half::Response(origin) => {
                let what = "the connection broke while the response was being read";
                broken_off(origin.deadline, broken::status_of(Some(what), error))
            }
        }
    }
}

impl Drop for Inbound {
    fn drop(&mut self) {
        let body = self.take_body();
        match &self.half {
            Half::Request(Sender {
                rest: Some(rest), ..
            }) if !body.is_end_stream() => rest.put(body),
            Half::Response(origin) => {
                if origin.hooks.is_some() {
                    let dropped = Status::cancelled("the caller dropped the call before its end");
                    origin.ended(Err(&broken_off(origin.deadline, dropped)));
                }
                origin.request.call_is_over();
            }
            _ => {}
        }
    }
}
