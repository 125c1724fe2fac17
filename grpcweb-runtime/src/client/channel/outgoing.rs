use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::{Body, BoxError};

/// The body of a request on its way.
pub(super) enum Outgoing {
    Owned(Body),
    /// One that stays where it is until some of it is wanted.
    Lent(Slot),
}

/// Where a body that is lent is, until some of it was wanted.
#[derive(Clone)]
pub(super) struct Slot(Arc<Mutex<Option<Outgoing>>>);

impl Slot {
    pub(super) fn new(body: Outgoing) -> Self {
        Self(Arc::new(Mutex::new(Some(body))))
    }

    pub(super) fn take(&self) -> Option<Outgoing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn is_there(&self) -> bool {
        self.peek(|_| ()).is_some()
    }

    fn peek<T>(&self, look: impl FnOnce(&Outgoing) -> T) -> Option<T> {
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        body.as_ref().map(look)
    }
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        loop {
            match &mut *self {
                Self::Owned(body) => return Pin::new(body).poll_frame(cx),
                Self::Lent(slot) => match slot.take() {
                    Some(body) => *self = body,
                    None => {
                        let gone = "the request was taken back from this server";
                        return Poll::Ready(Some(Err(gone.into())));
                    }
                },
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Owned(body) => body.is_end_stream(),
            Self::Lent(slot) => slot.peek(Self::is_end_stream).unwrap_or(false),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Owned(body) => body.size_hint(),
            Self::Lent(slot) => slot.peek(Self::size_hint).unwrap_or_default(),
        }
    }
}
