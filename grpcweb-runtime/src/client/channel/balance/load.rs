use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http_body::{Frame, SizeHint};

use super::replica::Replica;
use crate::{Body, BoxError};

/// A call that a server has to answer, counted until it has.
pub(super) struct Load(Arc<Replica>);

impl Load {
    pub(super) fn new(replica: Arc<Replica>) -> Self {
        replica.begin();
        Self(replica)
    }

    /// Counts until the body has ended, or is dropped.
    pub(super) fn until_the_end_of(self, response: Response<Body>) -> Response<Body> {
        response.map(|body| {
            let load = Some(self);
            Body::new(Counted { body, load })
        })
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.end();
    }
}

struct Counted {
    body: Body,
    load: Option<Load>,
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.load = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
