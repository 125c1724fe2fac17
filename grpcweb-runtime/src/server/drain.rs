//! What is left of a request that is answered before it was read.
//!
//! On HTTP/1 the bytes of a request stand before those of the next one. Left unread they cost the
//! client its connection, and, where it is still sending, often the answer too.

use std::future::Future as _;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use http::{HeaderValue, Response, Version, header};
use http_body::Body as _;

use crate::Body;
use crate::cancel::ShutdownSignal;
use crate::deadline::{Timer, poll_timer};
use crate::signal::Ticket;

/// The most that is read of a request for the sake of its connection alone.
const MAX: u64 = 16 * 1024 * 1024;

/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a client may send nothing. One that does not send loses no answer to a connection that is
/// closed, and may be waiting for the answer itself.
const PAUSE: Duration = Duration::from_millis(200);

/// Whether a request of this version has to be read to its end.
pub(super) fn matters(version: Version, body: &Body) -> bool {
    version < Version::HTTP_2 && !body.is_end_stream()
}

/// Reads a request to its end, and says in the response that the connection ends where that is too much, or where
/// the server ends it: the request would outlast it.
pub(super) async fn drain(
    request: Body,
    mut response: Response<Body>,
    shutdown: Option<ShutdownSignal>,
) -> Response<Body> {
    let mut reading = pin!(is_read_to_end(request));
    let mut ticket = Ticket::default();
    let is_read = std::future::poll_fn(|cx| match &shutdown {
        Some(signal) if signal.poll_ended(&mut ticket, cx).is_ready() => Poll::Ready(false),
        _ => reading.as_mut().poll(cx),
    });
    if !is_read.await {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    if let Some(signal) = &shutdown {
        signal.leave(&ticket);
    }
    response
}

pub(super) async fn is_read_to_end(body: Body) -> bool {
    let mut left = MAX;
    if body.size_hint().lower() > left {
        return false;
    }
    let mut body = pin!(body);
    let (mut patience, mut pause) = (None, None);
    std::future::poll_fn(|cx| {
        loop {
            let polled = body.as_mut().poll_frame(cx);
            let Poll::Ready(next) = polled else {
                if patience.is_none() {
                    patience = Timer::after(PATIENCE);
                }
                if pause.is_none() {
                    pause = Timer::after(PAUSE);
                }
                // Where nothing would tell the time, what is there has to do.
                let over = !pause.as_ref().is_some_and(Timer::wakes)
                    || poll_timer(&mut patience, cx).is_ready()
                    || poll_timer(&mut pause, cx).is_ready();
                return if over {
                    Poll::Ready(false)
                } else {
                    Poll::Pending
                };
            };
            pause = None;
            let frame = match next {
                Some(Ok(frame)) => frame,
                Some(Err(_)) => return Poll::Ready(false),
                None => return Poll::Ready(true),
            };
            let len = frame.data_ref().map_or(0, |data| data.len());
            match left.checked_sub(u64::try_from(len).unwrap_or(u64::MAX)) {
                Some(rest) => left = rest,
                None => return Poll::Ready(false),
            }
        }
    })
    .await
}

/// Where the body of a request is put when nobody reads it any more.
#[derive(Debug, Default)]
pub(crate) struct Remainder(Mutex<Option<Body>>);

impl Remainder {
    pub(crate) fn put(&self, body: Body) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
    }

    pub(super) fn take(&self) -> Option<Body> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
