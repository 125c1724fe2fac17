//! Reading ahead in a streaming request over HTTP/1.
//!
//! Hyper looks at such a connection only while the body of the request is being read. A handler that is
//! busy with something else would never be told that its client has gone.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};

use crate::{Body, BoxError, Status};

/// The most bytes that are held for a handler that is not reading, with what it takes to hold them: pieces
/// may be of one byte each. A client that goes after it has sent more than this is noticed once the handler
/// reads on.
const AHEAD: usize = 64 * 1024;

type Next = Result<Frame<Bytes>, BoxError>;

/// The two ends of a body that is read ahead.
pub(super) fn split(body: Body) -> (Pump, Body) {
    let shared = Arc::new(Mutex::new(Shared {
        body,
        pumping: true,
        ahead: VecDeque::new(),
        bytes: 0,
        ended: false,
        gone: false,
        reader: None,
        pump: None,
    }));
    let reader = Reader(Arc::clone(&shared));
    (Pump(shared), Body::new(reader))
}

#[derive(Debug)]
struct Shared {
    body: Body,
    /// Whether the pump is there. It is the only one to read then.
    pumping: bool,
    ahead: VecDeque<Next>,
    bytes: usize,
    ended: bool,
    /// Whether the client went while the handler was not waiting for it.
    gone: bool,
    reader: Option<Waker>,
    pump: Option<Waker>,
}

impl Shared {
    fn held(&self) -> usize {
        self.bytes + self.ahead.len() * size_of::<Next>()
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The end that runs with the call.
#[derive(Debug)]
pub(super) struct Pump(Arc<Mutex<Shared>>);

impl Pump {
    /// Reads what is there. Ready where the client is gone; unless the handler is just waiting for a
    /// message, by which it learns the same.
    pub(super) fn poll_gone(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut guard = lock(&self.0);
        let shared = &mut *guard;
        while !shared.ended && shared.held() < AHEAD {
            let Poll::Ready(next) = Pin::new(&mut shared.body).poll_frame(cx) else {
                break;
            };
            match next {
                Some(next) => {
                    if let Err(error) = &next {
                        shared.ended = true;
                        // A layer that refuses the body says so in a status, for the handler to see.
                        shared.gone = Status::find_in(error.as_ref()).is_none();
                    }
                    shared.bytes += size_of_frame(&next);
                    shared.ahead.push_back(next);
                }
                None => shared.ended = true,
            }
            if let Some(reader) = shared.reader.take() {
                shared.gone = false;
                reader.wake();
            }
        }
        if shared.gone {
            return Poll::Ready(());
        }
        shared.pump = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        let mut shared = lock(&self.0);
        shared.pumping = false;
        if let Some(reader) = shared.reader.take() {
            reader.wake();
        }
    }
}

/// The end that the handler reads.
#[derive(Debug)]
struct Reader(Arc<Mutex<Shared>>);

impl http_body::Body for Reader {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Next>> {
        let mut guard = lock(&self.0);
        let shared = &mut *guard;
        if let Some(next) = shared.ahead.pop_front() {
            shared.bytes -= size_of_frame(&next);
            if let Some(pump) = shared.pump.take() {
                pump.wake();
            }
            return Poll::Ready(Some(next));
        }
        if shared.ended {
            return Poll::Ready(None);
        }
        if !shared.pumping {
            return Pin::new(&mut shared.body).poll_frame(cx);
        }
        shared.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        let shared = lock(&self.0);
        shared.ahead.is_empty() && (shared.ended || shared.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        let shared = lock(&self.0);
        let ahead = u64::try_from(shared.bytes).unwrap_or(u64::MAX);
        let mut hint = SizeHint::default();
        hint.set_lower(shared.body.size_hint().lower().saturating_add(ahead));
        hint
    }
}

fn size_of_frame(next: &Next) -> usize {
    let data = next.as_ref().ok().and_then(|frame| frame.data_ref());
    data.map_or(0, Bytes::len)
}
