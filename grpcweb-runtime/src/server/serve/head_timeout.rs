//! The time for the head of a request over HTTP/1.1.
//!
//! hyper has one too, but makes a timer for each head, and asks its socket once more than it has to. A call is not
//! to pay for that, nor for a look at the clock: here the connection has one timer, and looks now and then whether
//! there were calls.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::activity::Activity;
use crate::deadline::Timer;

/// How many times in the time for a head it is looked whether there were calls.
const LOOKS: u32 = 8;

/// More bytes than hyper takes for a head: what has more is the rest of a request that was answered before.
const MAX: usize = 1024 * 1024;

/// How long a connection waits for a head.
pub(super) struct HeadTimeout {
    limit: Option<Duration>,
    /// How long the timer takes while there are calls.
    look: Duration,
    timer: Option<Timer>,
    /// What there was when the timer was set.
    calls: usize,
    received: usize,
    /// For how long there was no call before.
    waited: Duration,
    /// How long the timer takes.
    wait: Duration,
}

impl HeadTimeout {
    pub(super) fn new(limit: Option<Duration>) -> Self {
        Self {
            limit,
            look: limit.unwrap_or_default() / LOOKS,
            timer: None,
            calls: 0,
            received: 0,
            waited: Duration::ZERO,
            wait: Duration::ZERO,
        }
    }

    /// Ready when the head is late. To be polled by one task only.
    pub(super) fn poll_late(&mut self, activity: &Activity, cx: &mut Context<'_>) -> Poll<()> {
        let Some(limit) = self.limit.filter(|_| activity.waits_for_head()) else {
            return Poll::Pending;
        };
        let look = self.look;
        loop {
            let called = self.calls != activity.calls();
            self.wait = match &mut self.timer {
                None => limit,
                Some(_) if called && self.wait > look => look,
                Some(timer) if !timer.may_be_done() => return Poll::Pending,
                Some(timer) => {
                    ready!(timer.poll_unconstrained(cx));
                    let received = activity.received().wrapping_sub(self.received);
                    if called || received > MAX {
                        look
                    } else {
                        self.waited = self.waited.saturating_add(self.wait);
                        limit.saturating_sub(self.waited)
                    }
                }
            };
            if self.wait.is_zero() {
                return Poll::Ready(());
            }
            if self.wait == look {
                self.waited = Duration::ZERO;
            }
            self.calls = activity.calls();
            self.received = activity.received();
            // One that is further away than a clock can tell does not come.
            let Some(timer) = Timer::after(self.wait) else {
                self.limit = None;
                return Poll::Pending;
            };
            ready!(self.timer.insert(timer).poll_unconstrained(cx));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;

    use tokio::task::consume_budget;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_head_is_late_though_the_task_had_no_budget_left_when_the_timer_was_set() {
        let activity = Activity::new(false);
        activity.set_http1();
        let limit = Duration::from_secs(8);
        let mut head = HeadTimeout::new(Some(limit));
        poll_fn(|cx| {
            while pin!(consume_budget()).poll(cx).is_ready() {}
            assert!(head.poll_late(&activity, cx).is_pending());
            Poll::Ready(())
        })
        .await;
        let late = poll_fn(|cx| head.poll_late(&activity, cx));
        timeout(2 * limit, late).await.unwrap();
    }
}
