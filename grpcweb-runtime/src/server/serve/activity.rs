//! What a connection knows of its calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::deadline::now;

/// Whether a connection has had a call, how long it has had none, and whether it shows any life.
#[derive(Debug)]
pub(super) struct Activity {
    /// How many calls there were.
    calls: AtomicUsize,
    http1: AtomicBool,
    http2: AtomicBool,
    /// Whether the connection is to take no more calls than it has to.
    closing: AtomicBool,
    running: AtomicUsize,
    /// How often bytes came or went.
    moved: AtomicUsize,
    /// How many came.
    received: AtomicUsize,
    /// Whether there are bytes that the client does not take.
    blocked: AtomicBool,
    /// Where anybody wants to know.
    idle: Option<Idle>,
}

#[derive(Debug)]
struct Idle {
    begin: Instant,
    /// When the last call ended: nanoseconds since the beginning.
    ended: AtomicU64,
}

impl Activity {
    /// With the time of the last call where `timed` says so.
    pub(super) fn new(timed: bool) -> Self {
        Self {
            calls: AtomicUsize::new(0),
            http1: AtomicBool::new(false),
            http2: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            running: AtomicUsize::new(0),
            moved: AtomicUsize::new(0),
            received: AtomicUsize::new(0),
            blocked: AtomicBool::new(false),
            idle: timed.then(|| Idle {
                begin: now(),
                ended: AtomicU64::new(0),
            }),
        }
    }

    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Notes that its client speaks HTTP/1.1.
    pub(super) fn set_http1(&self) {
        self.http1.store(true, Ordering::Relaxed);
    }

    /// Whether the next thing to come is the head of a request over HTTP/1.1.
    pub(super) fn waits_for_head(&self) -> bool {
        self.http1.load(Ordering::Relaxed) && self.running.load(Ordering::SeqCst) == 0
    }

    /// Whether it had a call over HTTP/2.
    pub(super) fn is_http2(&self) -> bool {
        self.http2.load(Ordering::Relaxed)
    }

    /// Notes that it has a call over HTTP/2.
    pub(super) fn set_http2(&self) {
        self.http2.store(true, Ordering::Relaxed);
    }

    /// From now on, responses over HTTP/1.1 say that no other call is to come.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// So many bytes came.
    pub(super) fn receives(&self, bytes: usize) {
        add(&self.received, bytes);
        self.moves();
    }

    pub(super) fn received(&self) -> usize {
        self.received.load(Ordering::Relaxed)
    }

    /// Bytes came or went.
    pub(super) fn moves(&self) {
        add(&self.moved, 1);
    }

    /// Whether the client takes no bytes for the moment.
    pub(super) fn blocks(&self, blocked: bool) {
        self.blocked.store(blocked, Ordering::Relaxed);
    }

    /// A number that is another one whenever bytes came or went.
    pub(super) fn moved(&self) -> usize {
        self.moved.load(Ordering::Relaxed)
    }

    /// Whether there is neither a call nor anything left to be sent.
    pub(super) fn has_nothing_to_do(&self) -> bool {
        self.running.load(Ordering::SeqCst) == 0 && !self.blocked.load(Ordering::Relaxed)
    }

    /// When the last call ended; `None` where one is running, or nobody wants to know.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let idle = self.idle.as_ref()?;
        // In this order: calls of HTTP/2 are in tasks of their own, and say when they end before they are gone.
        (self.running.load(Ordering::SeqCst) == 0)
            .then(|| idle.begin + Duration::from_nanos(idle.ended.load(Ordering::SeqCst)))
    }
}

/// Adds to a number that the task of the connection alone changes.
fn add(number: &AtomicUsize, more: usize) {
    let sum = number.load(Ordering::Relaxed).wrapping_add(more);
    number.store(sum, Ordering::Relaxed);
}

/// A call that is running, or bytes of its answer that are on their way.
pub(super) struct Running(Arc<Activity>);

impl Running {
    pub(super) fn new(activity: &Arc<Activity>) -> Self {
        add(&activity.calls, 1);
        Self::more(activity)
    }

    fn more(activity: &Arc<Activity>) -> Self {
        activity.running.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(activity))
    }

    pub(super) fn activity(&self) -> &Activity {
        &self.0
    }
}

impl Clone for Running {
    fn clone(&self) -> Self {
        Self::more(&self.0)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(idle) = &self.0.idle {
            let ended = now().saturating_duration_since(idle.begin).as_nanos();
            let ended = u64::try_from(ended).unwrap_or(u64::MAX);
            idle.ended.fetch_max(ended, Ordering::SeqCst);
        }
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}
