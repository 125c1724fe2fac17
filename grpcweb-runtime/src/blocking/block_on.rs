//! Futures that are driven by the thread that waits for them.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Instant;

thread_local! {
    static ALARM: Cell<Alarm> = const { Cell::new(Alarm::NotDriving) };
}

/// When the future that this thread drives is to be polled again though nothing wakes it.
#[derive(Debug, Clone, Copy)]
enum Alarm {
    NotDriving,
    Off,
    At(Instant),
}

/// Whether this thread drives a future here. The timers of a runtime are not for it: one that the thread
/// belongs to does nothing meanwhile.
pub(crate) fn is_driving() -> bool {
    !matches!(ALARM.get(), Alarm::NotDriving)
}

/// Sees to it that the future that this thread drives is polled again at a time.
pub(crate) fn wake_at(at: Instant) {
    match ALARM.get() {
        Alarm::Off => ALARM.set(Alarm::At(at)),
        Alarm::At(other) => ALARM.set(Alarm::At(other.min(at))),
        Alarm::NotDriving => {}
    }
}

/// Waits for a future.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let signal = Arc::new(Signal {
        woken: AtomicBool::new(false),
        thread: thread::current(),
    });
    let waker = Waker::from(Arc::clone(&signal));
    let mut cx = Context::from_waker(&waker);
    let _outer = Outer(ALARM.get());
    loop {
        ALARM.set(Alarm::Off);
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        signal.wait(ALARM.get());
    }
}

/// What was there before a future was driven within another one, put back at its end.
struct Outer(Alarm);

impl Drop for Outer {
    fn drop(&mut self) {
        ALARM.set(self.0);
    }
}

struct Signal {
    woken: AtomicBool,
    thread: Thread,
}

impl Signal {
    fn wait(&self, alarm: Alarm) {
        while !self.woken.swap(false, Ordering::Acquire) {
            let Alarm::At(at) = alarm else {
                thread::park();
                continue;
            };
            match at.checked_duration_since(Instant::now()) {
                Some(left) if !left.is_zero() => thread::park_timeout(left),
                _ => return,
            }
        }
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::deadline::Timer;

    #[test]
    fn a_wake_from_another_thread_ends_the_waiting() {
        let mut waking = None;
        let answer = block_on(std::future::poll_fn(|cx| match waking.take() {
            None => {
                let waker = cx.waker().clone();
                waking = Some(thread::spawn(move || waker.wake()));
                Poll::Pending
            }
            Some(thread) => {
                thread.join().unwrap();
                Poll::Ready(7)
            }
        }));
        assert_eq!(answer, 7);
    }

    #[test]
    fn a_timer_goes_off_with_nothing_else_to_wake_the_thread() {
        let (start, pause) = (Instant::now(), Duration::from_millis(20));
        block_on(async {
            Timer::after(pause).unwrap().await;
            // One future within another takes nothing from its timer.
            block_on(async { Timer::after(pause).unwrap().await });
            Timer::after(pause).unwrap().await;
        });
        assert!(start.elapsed() >= 3 * pause);
        assert!(!is_driving());
    }

    #[test]
    fn a_timer_goes_off_on_the_thread_of_a_runtime_that_does_nothing_meanwhile() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            block_on(async { Timer::after(Duration::from_millis(20)).unwrap().await });
        });
    }
}
