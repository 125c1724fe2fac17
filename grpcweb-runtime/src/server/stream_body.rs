use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;

use super::drain::{self, Remainder};
use super::respond;
use super::running::Running;
use super::watchdog::Watchdog;
use crate::deadline::DEADLINE_EXCEEDED;
use crate::format::Format;
use crate::outbound::{Buffer, Messages};
use crate::{BoxError, CancelReason, MetadataMap, Status};

/// The body of a streaming response.
pub(super) struct StreamBody {
    format: Format,
    buffer: Buffer,
    trailing: MetadataMap,
    stream: Slot,
    ended: bool,
    http_trailers: Option<HeaderMap>,
    rest: Option<Arc<Remainder>>,
    /// Reads what the handler left of the request, after the last byte of the response.
    drain: Option<Pin<Box<dyn Future<Output = bool> + Send>>>,
    _watchdog: Option<Watchdog>,
}

/// The stream of a handler, and what it holds. Empty once it has ended, be it because its deadline passed
/// while nobody read.
#[derive(Clone)]
pub(super) struct Slot(Arc<Mutex<Option<Stream>>>);

struct Stream {
    /// Until it is dropped.
    messages: Option<Box<dyn Messages>>,
    running: Running,
    /// Who waits for a message.
    reader: Option<Waker>,
}

impl Stream {
    fn drop_messages(&mut self) {
        let messages = self.messages.take();
        // What is dropped is code of the service.
        let _ = self.running.run(|| drop(messages));
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.drop_messages();
    }
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Option<Stream>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the stream: its deadline has passed.
    #[cfg_attr(
        not(feature = "tokio"),
        allow(dead_code, reason = "nothing looks at the clock")
    )]
    pub(super) fn expire(&self) {
        let stream = self.lock().take();
        if let Some(mut stream) = stream {
            stream.drop_messages();
            let context = &stream.running.context;
            context.end(CancelReason::DeadlineExceeded);
            context.decided(Err(&Status::deadline_exceeded(DEADLINE_EXCEEDED)));
            context.finish(false);
            // The timer that would have woken it is dropped here.
            if let Some(reader) = &stream.reader {
                reader.wake_by_ref();
            }
        }
    }
}

impl StreamBody {
    pub(super) fn new(
        format: Format,
        messages: Box<dyn Messages>,
        trailing: MetadataMap,
        running: Running,
        rest: Option<Arc<Remainder>>,
    ) -> Self {
        let deadline = running.context.deadline;
        let stream = Slot(Arc::new(Mutex::new(Some(Stream {
            messages: Some(messages),
            running,
            reader: None,
        }))));
        Self {
            format,
            buffer: Buffer::new(format),
            trailing,
            ended: false,
            http_trailers: None,
            rest,
            drain: None,
            _watchdog: deadline.and_then(|deadline| Watchdog::start(&stream, deadline)),
            stream,
        }
    }

    /// Ready with what the stream ended with, or with `None` where there is something to hand out.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<(), Status>>> {
        let mut guard = self.stream.lock();
        let Some(Stream {
            messages: Some(messages),
            running,
            reader,
        }) = guard.as_mut()
        else {
            let late = Status::deadline_exceeded(DEADLINE_EXCEEDED);
            return Poll::Ready(Some(Err(late)));
        };
        if let Poll::Ready(status) = running.poll_interrupted(cx) {
            return Poll::Ready(Some(Err(status)));
        }
        let buffer = &mut self.buffer;
        let observed = running.context.observed.as_deref();
        match running.run(|| buffer.poll_fill(messages.as_mut(), observed, cx)) {
            Ok(Poll::Ready(filled)) => Poll::Ready(filled),
            Ok(Poll::Pending) => {
                if running.context.deadline.is_some() {
                    *reader = Some(cx.waker().clone());
                }
                running.poll_ended(cx).map(|status| Some(Err(status)))
            }
            Err(panicked) => Poll::Ready(Some(Err(panicked))),
        }
    }

    fn end(&mut self, mut result: Result<(), Status>) {
        self.ended = true;
        let stream = self.stream.lock().take();
        // It may have expired since it was looked at.
        if stream.is_none() && result.is_ok() {
            result = Err(Status::deadline_exceeded(DEADLINE_EXCEEDED));
        }
        let mut trailing = std::mem::take(&mut self.trailing);
        match (&result, stream.as_ref().and_then(|it| it.messages.as_ref())) {
            (Ok(()), Some(messages)) => trailing.extend(messages.trailers()),
            (Ok(()), None) => {}
            (Err(status), _) => trailing.extend(status.metadata()),
        }
        let trailers = respond::trailers(&mut result, trailing, self.format.limits.trailers);
        if self.format.protocol.ends_in_body() {
            self.buffer.put_trailers(&trailers);
        } else {
            self.http_trailers = Some(trailers);
        }
        if let Some(stream) = stream {
            stream.running.end(result.as_ref().map(|&()| ()));
        }
    }
}

impl Drop for StreamBody {
    fn drop(&mut self) {
        // Not when the watchdog lets go of it: the call is over now. Nor under the lock: the service's code runs.
        let stream = self.stream.lock().take();
        drop(stream);
    }
}

impl http_body::Body for StreamBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if !self.ended {
            match self.poll_fill(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(result)) => self.end(result),
                Poll::Ready(None) => {}
            }
        }
        if let Some(chunk) = self.buffer.take() {
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        if let Some(body) = self.rest.take().and_then(|rest| rest.take()) {
            self.drain = Some(Box::pin(drain::is_read_to_end(body)));
        }
        if let Some(drain) = &mut self.drain {
            // Where it is too much, the connection ends: that is for hyper to see.
            let _ = ready!(drain.as_mut().poll(cx));
            self.drain = None;
        }
        Poll::Ready(self.http_trailers.take().map(|t| Ok(Frame::trailers(t))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended
            && self.buffer.is_empty()
            && self.http_trailers.is_none()
            && self.rest.is_none()
            && self.drain.is_none()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Wake;
    use std::time::{Duration, Instant};

    use http_body::Body as _;

    use super::*;
    use crate::Protocol;
    use crate::cancel::CallContext;
    use crate::limits::Limits;
    use crate::server::concurrency::Permit;

    struct Waiting;

    impl Messages for Waiting {
        fn poll_fill(
            &mut self,
            _: &mut Context<'_>,
            _: &Format,
            _: &mut bytes::BytesMut,
            _: Option<&crate::server::Observed>,
        ) -> Poll<crate::outbound::Filled> {
            Poll::Pending
        }

        fn trailers(&self) -> &MetadataMap {
            unreachable!("it does not end")
        }
    }

    #[derive(Default)]
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[test]
    fn who_waits_for_a_message_is_told_when_the_stream_expires() {
        let deadline = Instant::now() + Duration::from_secs(3600);
        let context = CallContext::new(Some(deadline), None, None);
        let gates: Arc<[_]> = Arc::new([]);
        let permit = Permit::of(&gates).unwrap();
        let running = Running::new(context, permit);
        let format = Format::new(Protocol::GrpcWeb, Limits::DEFAULT);
        let mut body =
            StreamBody::new(format, Box::new(Waiting), MetadataMap::new(), running, None);

        let woken = Arc::new(Woken::default());
        let waker = Arc::clone(&woken).into();
        let mut cx = Context::from_waker(&waker);
        assert!(Pin::new(&mut body).poll_frame(&mut cx).is_pending());
        body.stream.expire();
        assert!(woken.0.load(Ordering::SeqCst));
        let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut body).poll_frame(&mut cx) else {
            panic!("no trailers");
        };
        let trailers = frame.into_data().unwrap();
        assert!(trailers[5..].starts_with(b"grpc-status:4"), "{trailers:?}");
    }
}
