//! What is left of a request that is answered before it was read.
//!
//! On HTTP/1 the bytes of a request stand before those of the next one. Left unread they cost the
//! client its connection, and, where it is still sending, often the answer too.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderValue, Response, Version, header};
use http_body::Body as _;

use crate::Body;

/// The most that is read of a request for the sake of its connection alone.
const MAX: u64 = 16 * 1024 * 1024;

/// Whether a request of this version has to be read to its end.
pub(super) fn matters(version: Version, body: &Body) -> bool {
    version < Version::HTTP_2 && !body.is_end_stream()
}

/// Reads a request to its end, and says in the response that the connection ends where that is too much.
pub(super) async fn drain(request: Body, mut response: Response<Body>) -> Response<Body> {
    if !is_read_to_end(request).await {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

async fn is_read_to_end(body: Body) -> bool {
    let mut left = MAX;
    if body.size_hint().lower() > left {
        return false;
    }
    let mut body = pin!(body);
    loop {
        match std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
            Some(Ok(frame)) => {
                let len = frame.data_ref().map_or(0, |data| data.len());
                match left.checked_sub(u64::try_from(len).unwrap_or(u64::MAX)) {
                    Some(rest) => left = rest,
                    None => return false,
                }
            }
            Some(Err(_)) => return false,
            None => return true,
        }
    }
}

/// Where the body of a streaming request is put when nobody reads it any more.
#[derive(Debug, Clone, Default)]
pub(crate) struct Remainder(Arc<Mutex<Option<Body>>>);

impl Remainder {
    pub(super) fn of(body: Body) -> Self {
        let rest = Self::default();
        rest.put(body);
        rest
    }

    pub(crate) fn put(&self, body: Body) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
    }

    pub(super) fn take(&self) -> Option<Body> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
