use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::{Body as _, Frame, SizeHint};

use crate::cancel::CallContext;
use crate::{Body, BoxError};

/// Lets the observers of a call know when its response has left, or never will.
pub(super) fn watch(response: &mut Response<Body>, context: &Arc<CallContext>) {
    if context.observed.is_none() {
        return;
    }
    if response.body().is_end_stream() {
        context.finish(true);
        return;
    }
    let body = std::mem::take(response.body_mut());
    *response.body_mut() = Body::new(ObservedBody {
        body,
        context: Arc::clone(context),
    });
}

/// The body of a response of a call that observers watch.
struct ObservedBody {
    body: Body,
    context: Arc<CallContext>,
}

impl http_body::Body for ObservedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let is_last = match &frame {
            None => true,
            Some(Ok(frame)) => frame.is_trailers() || self.body.is_end_stream(),
            Some(Err(_)) => false,
        };
        if is_last {
            self.context.finish(true);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for ObservedBody {
    fn drop(&mut self) {
        // What a stream drops with it is of the call.
        drop(std::mem::take(&mut self.body));
        self.context.finish(false);
    }
}
