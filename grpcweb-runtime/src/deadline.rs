//! Waiting that ends.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::Status;

/// The time by the clock that timers run on, which tests of users may pause; not that of a thread that
/// drives a call by itself.
pub(crate) fn now() -> Instant {
    #[cfg(feature = "tokio")]
    if !is_driven_by_thread() {
        return tokio::time::Instant::now().into_std();
    }
    Instant::now()
}

/// A point in time that a task is woken at.
///
/// Woken by the thread that drives it where it is one of a blocking client, and by tokio's timer where the
/// feature `tokio` is on and a runtime of it is there. Otherwise the time is noticed when something else
/// wakes the task.
#[derive(Debug)]
pub(crate) struct Timer {
    at: Instant,
    #[cfg(feature = "tokio")]
    sleep: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Timer {
    pub(crate) fn at(at: Instant) -> Self {
        Self {
            at,
            #[cfg(feature = "tokio")]
            sleep: (!is_driven_by_thread() && tokio::runtime::Handle::try_current().is_ok())
                .then(|| Box::pin(tokio::time::sleep_until(at.into()))),
        }
    }

    /// Whether anything wakes a task that waits for it.
    pub(crate) fn wakes(&self) -> bool {
        #[cfg(feature = "tokio")]
        if self.sleep.is_some() {
            return true;
        }
        is_driven_by_thread()
    }

    /// Polls it outside of what tokio grants a task at once. A task that has used that up is woken, but not by
    /// the timer: it has to poll again.
    #[cfg(feature = "serve")]
    pub(crate) fn poll_unconstrained(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        std::pin::pin!(tokio::task::unconstrained(self)).poll(cx)
    }

    /// Whether a poll may find it done, for a task that has polled it [so](Self::poll_unconstrained) before:
    /// cheaper than that poll.
    #[cfg(feature = "serve")]
    pub(crate) fn may_be_done(&self) -> bool {
        self.sleep.as_ref().is_none_or(|sleep| sleep.is_elapsed())
    }

    /// `None` where the time is further away than a clock can tell.
    pub(crate) fn after(duration: Duration) -> Option<Self> {
        now().checked_add(duration).map(Self::at)
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.get_mut();
        #[cfg(feature = "tokio")]
        if let Some(sleep) = &mut timer.sleep {
            return sleep.as_mut().poll(cx);
        }
        let _ = cx;
        if now() >= timer.at {
            return Poll::Ready(());
        }
        #[cfg(feature = "blocking")]
        crate::blocking::wake_at(timer.at);
        Poll::Pending
    }
}

fn is_driven_by_thread() -> bool {
    #[cfg(feature = "blocking")]
    return crate::blocking::is_driving();
    #[cfg(not(feature = "blocking"))]
    false
}

/// When a call has to be over, for a transport that has to see to it by itself: one that blocks.
#[cfg(feature = "blocking")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(pub(crate) Instant);

/// What a call is told whose deadline has passed.
pub(crate) const DEADLINE_EXCEEDED: &str = "the deadline of the call has passed";

/// How a call failed that broke off: with `status`, unless its deadline has passed. A server knows that
/// deadline too, breaks the call off then, and may be the first to notice.
pub(crate) fn broken_off(deadline: Option<Instant>, status: Status) -> Status {
    match deadline {
        Some(deadline) if deadline <= now() => {
            Status::deadline_exceeded(DEADLINE_EXCEEDED).with_source(status)
        }
        _ => status,
    }
}

/// Waits for a future until a timer is done.
pub(crate) async fn within<T>(
    timer: &mut Option<Timer>,
    mut future: impl Future<Output = Result<T, Status>> + Unpin,
) -> Result<T, Status> {
    std::future::poll_fn(|cx| match Pin::new(&mut future).poll(cx) {
        Poll::Ready(result) => Poll::Ready(result),
        Poll::Pending => {
            poll_timer(timer, cx).map(|()| Err(Status::deadline_exceeded(DEADLINE_EXCEEDED)))
        }
    })
    .await
}

/// Waits for a timer, where there is one.
pub(crate) fn poll_timer(timer: &mut Option<Timer>, cx: &mut Context<'_>) -> Poll<()> {
    match timer {
        Some(timer) => Pin::new(timer).poll(cx),
        None => Poll::Pending,
    }
}
