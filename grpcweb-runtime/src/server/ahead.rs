//! Reading ahead in a streaming request over HTTP/1.
//!
//! Hyper looks at such a connection only while the body of the request is being read. A handler that is
//! busy with something else would never be told that its client has gone.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};

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
    let tasks = Arc::new(Tasks::default());
    let shared = Arc::new(Mutex::new(Shared {
        body,
        waker: Arc::clone(&tasks).into(),
        tasks,
        ahead: VecDeque::new(),
        bytes: 0,
        ended: false,
        gone: false,
        warned: false,
    }));
    let reader = Reader(Arc::clone(&shared));
    (Pump(shared), Body::new(reader))
}

/// The tasks of the two ends. What arrives concerns both: either of them may be busy, or not be polled while
/// the client does not read.
#[derive(Debug, Default)]
struct Tasks {
    reader: Task,
    pump: Task,
}

#[derive(Debug, Default)]
struct Task(Mutex<Option<Waker>>);

impl Task {
    fn set(&self, cx: &Context<'_>) {
        *self.waker() = Some(cx.waker().clone());
    }

    fn wake(&self) {
        let waker = self.waker().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn waker(&self) -> MutexGuard<'_, Option<Waker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Tasks {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.reader.wake();
        self.pump.wake();
    }
}

#[derive(Debug)]
struct Shared {
    body: Body,
    tasks: Arc<Tasks>,
    /// Wakes both.
    waker: Waker,
    ahead: VecDeque<Next>,
    bytes: usize,
    ended: bool,
    /// Whether the client went, and the handler has not been told by an error in its stream.
    gone: bool,
    /// Whether it was given the time to be.
    warned: bool,
}

impl Shared {
    fn held(&self) -> usize {
        self.bytes + self.ahead.len() * size_of::<Next>()
    }

    fn poll_body(&mut self) -> Poll<Option<Next>> {
        let mut cx = Context::from_waker(&self.waker);
        let next = ready!(Pin::new(&mut self.body).poll_frame(&mut cx));
        self.ended = !matches!(next, Some(Ok(_)));
        Poll::Ready(next)
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The end that runs with the call.
#[derive(Debug)]
pub(super) struct Pump(Arc<Mutex<Shared>>);

impl Pump {
    /// Reads what is there. Ready where the client is gone; unless the handler learns the same by its stream.
    pub(super) fn poll_gone(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut shared = lock(&self.0);
        shared.tasks.pump.set(cx);
        while !shared.ended && shared.held() < AHEAD {
            let Poll::Ready(Some(next)) = shared.poll_body() else {
                break;
            };
            if let Err(error) = &next {
                // A layer that refuses the body says so in a status, for the handler to see.
                shared.gone = Status::find_in(error.as_ref()).is_none();
            }
            shared.bytes += size_of_frame(&next);
            shared.ahead.push_back(next);
            shared.tasks.reader.wake();
        }
        if shared.gone && shared.warned {
            return Poll::Ready(());
        }
        if shared.gone {
            shared.warned = true;
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

/// The end that the handler reads.
#[derive(Debug)]
struct Reader(Arc<Mutex<Shared>>);

impl http_body::Body for Reader {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Next>> {
        let mut shared = lock(&self.0);
        if let Some(next) = shared.ahead.pop_front() {
            shared.bytes -= size_of_frame(&next);
            shared.gone &= next.is_ok();
            // There is room for more.
            shared.tasks.pump.wake();
            return Poll::Ready(Some(next));
        }
        if shared.ended {
            return Poll::Ready(None);
        }
        shared.tasks.reader.set(cx);
        shared.poll_body()
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    /// A body that nothing has arrived of, and what tells it of more.
    #[derive(Debug, Clone, Default)]
    struct Quiet(Arc<Mutex<(Option<Waker>, VecDeque<Next>)>>);

    impl Quiet {
        fn receive(&self, next: Next) {
            let mut state = self.0.lock().unwrap();
            state.1.push_back(next);
            state.0.take().unwrap().wake();
        }
    }

    impl http_body::Body for Quiet {
        type Data = Bytes;
        type Error = BoxError;

        fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Next>> {
            let mut state = self.0.lock().unwrap();
            match state.1.pop_front() {
                Some(next) => Poll::Ready(Some(next)),
                None => {
                    state.0 = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        }
    }

    #[test]
    fn the_handler_reads_on_though_nobody_pumps() {
        let quiet = Quiet::default();
        let (pump, mut reader) = split(Body::new(quiet.clone()));
        let mut unconcerned = Context::from_waker(Waker::noop());
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut cx = Context::from_waker(&waker);
        assert!(Pin::new(&mut reader).poll_frame(&mut cx).is_pending());
        assert!(pump.poll_gone(&mut unconcerned).is_pending());

        quiet.receive(Ok(Frame::data(Bytes::from_static(b"abc"))));
        assert!(woken.0.load(Ordering::SeqCst));
        let next = Pin::new(&mut reader).poll_frame(&mut cx);
        assert!(matches!(next, Poll::Ready(Some(Ok(_)))));
    }

    #[test]
    fn a_client_that_goes_is_noticed_though_the_handler_waited_once_and_gave_up() {
        let quiet = Quiet::default();
        let (pump, mut reader) = split(Body::new(quiet.clone()));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut reader).poll_frame(&mut cx).is_pending());
        assert!(pump.poll_gone(&mut cx).is_pending());
        quiet.receive(Err("gone".into()));
        assert!(pump.poll_gone(&mut cx).is_pending());
        assert!(pump.poll_gone(&mut cx).is_ready());
    }

    #[test]
    fn a_handler_that_reads_learns_by_its_stream() {
        let quiet = Quiet::default();
        let (pump, mut reader) = split(Body::new(quiet.clone()));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(pump.poll_gone(&mut cx).is_pending());
        quiet.receive(Err("gone".into()));
        assert!(pump.poll_gone(&mut cx).is_pending());
        let next = Pin::new(&mut reader).poll_frame(&mut cx);
        assert!(matches!(next, Poll::Ready(Some(Err(_)))));
        assert!(pump.poll_gone(&mut cx).is_pending());
    }
}
