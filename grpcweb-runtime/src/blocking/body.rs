use std::io::{self, Read};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::{Buf as _, Bytes};
use http_body::{Body as _, Frame, SizeHint};

use super::block_on::block_on;
use super::cause::plain;
use super::connector::{has_peer_stopped_reading, without_waiting};
use crate::deadline::{Timer, within};
use crate::{Body, BoxError};

/// The most bytes that are read at once.
const READ: usize = 16 * 1024;

/// The body of a response that is still on its way.
///
/// Polled once, it hands out what is there already. Only polled again it waits: whoever just looks whether
/// there is more is not kept.
pub(super) struct ResponseBody {
    /// `None` after the end, and after an error.
    reader: Option<ureq::BodyReader<'static>>,
    buffer: Vec<u8>,
    has_looked: bool,
}

impl ResponseBody {
    pub(super) fn new(body: ureq::Body) -> Self {
        Self {
            reader: Some(body.into_reader()),
            buffer: vec![0; READ],
            has_looked: false,
        }
    }
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Self {
            reader: slot,
            buffer,
            has_looked,
        } = &mut *self;
        let Some(reader) = slot else {
            return Poll::Ready(None);
        };
        let looks = !std::mem::take(has_looked);
        let read = if looks {
            without_waiting(|| reader.read(buffer))
        } else {
            reader.read(buffer)
        };
        match read {
            Err(error) if looks && error.kind() == io::ErrorKind::WouldBlock => {
                *has_looked = true;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Ok(len) if len > 0 => {
                let data = Bytes::copy_from_slice(buffer.get(..len).unwrap_or(buffer));
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            end => {
                *slot = None;
                Poll::Ready(end.err().map(|error| Err(plain(error.into()))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.reader.is_none()
    }
}

/// The body of a request, to be read by the thread that sends it.
pub(super) struct RequestReader {
    body: Body,
    chunk: Bytes,
    deadline: Option<Instant>,
    /// How long the body is, where it says so.
    pub(super) len: Option<u64>,
}

impl RequestReader {
    pub(super) fn new(body: Body, deadline: Option<Instant>) -> Self {
        Self {
            len: SizeHint::exact(&body.size_hint()),
            chunk: Bytes::new(),
            body,
            deadline,
        }
    }

    fn next_chunk(&mut self) -> io::Result<Option<Bytes>> {
        let Self { body, deadline, .. } = self;
        let next = block_on(async {
            let mut timer = deadline.map(Timer::at);
            let frame = std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx));
            within(&mut timer, pin!(async { Ok(frame.await) })).await
        });
        match next.map_err(io::Error::other)? {
            Some(frame) => {
                let frame = frame.map_err(io::Error::other)?;
                Ok(frame.into_data().ok())
            }
            None => Ok(None),
        }
    }
}

impl Read for RequestReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            // The rest of a body whose length was said has to be there all the same.
            if self.len.is_none() && has_peer_stopped_reading() {
                return Ok(0);
            }
            match self.next_chunk()? {
                Some(chunk) => self.chunk = chunk,
                None if self.len.is_none() => return Ok(0),
                None => {
                    let message = "the request is shorter than it said";
                    return Err(io::Error::other(message));
                }
            }
        }
        let len = self.chunk.len().min(buffer.len());
        self.chunk.split_to(len).copy_to_slice(
            buffer
                .get_mut(..len)
                .ok_or_else(|| io::Error::other("no buffer"))?,
        );
        Ok(len)
    }
}
