//! Something that happens once, and that any number of tasks may wait for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Set once, to a number other than zero.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    value: AtomicU8,
    /// Whether anybody ever waited: only then is the lock taken when it is set.
    awaited: AtomicBool,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    wakers: BTreeMap<u64, Waker>,
}

/// The place of one who waits: one waker each, however often it asks.
#[derive(Debug, Default)]
pub(crate) struct Ticket(Option<(u64, Waker)>);

impl Signal {
    /// Sets it, unless it is set.
    pub(crate) fn set(&self, value: u8) {
        let first = self
            .value
            .compare_exchange(0, value, Ordering::SeqCst, Ordering::SeqCst);
        if first.is_ok() && self.awaited.load(Ordering::SeqCst) {
            let wakers = std::mem::take(&mut self.waiting().wakers);
            wakers.into_values().for_each(Waker::wake);
        }
    }

    pub(crate) fn get(&self) -> Option<u8> {
        match self.value.load(Ordering::SeqCst) {
            0 => None,
            value => Some(value),
        }
    }

    pub(crate) fn poll(&self, ticket: &mut Ticket, cx: &mut Context<'_>) -> Poll<u8> {
        if let Some(value) = self.get() {
            return Poll::Ready(value);
        }
        let id = match &ticket.0 {
            // Whoever asks again from the same task needs no lock.
            Some((_, waker)) if waker.will_wake(cx.waker()) => return Poll::Pending,
            Some((id, _)) => Some(*id),
            None => None,
        };
        let mut waiting = self.waiting();
        let id = id.unwrap_or_else(|| {
            waiting.next += 1;
            waiting.next
        });
        waiting.wakers.insert(id, cx.waker().clone());
        drop(waiting);
        ticket.0 = Some((id, cx.waker().clone()));
        self.awaited.store(true, Ordering::SeqCst);
        // It may have been set before the waker was there to be woken.
        match self.get() {
            Some(value) => Poll::Ready(value),
            None => Poll::Pending,
        }
    }

    /// Forgets one who waits no longer.
    pub(crate) fn leave(&self, ticket: &Ticket) {
        if let Some((id, _)) = &ticket.0 {
            self.waiting().wakers.remove(id);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[test]
    fn all_who_wait_are_woken_once_it_is_set_and_the_first_value_stays() {
        let signal = Signal::default();
        let woken: [Arc<Woken>; 2] = Default::default();
        let mut tickets: [Ticket; 2] = Default::default();
        for (ticket, woken) in tickets.iter_mut().zip(&woken) {
            let waker = Arc::clone(woken).into();
            let mut cx = Context::from_waker(&waker);
            assert!(signal.poll(ticket, &mut cx).is_pending());
            assert!(signal.poll(ticket, &mut cx).is_pending());
        }
        assert_eq!(signal.waiting().wakers.len(), 2);
        signal.set(7);
        signal.set(8);
        assert!(woken.iter().all(|woken| woken.0.load(Ordering::SeqCst)));
        assert_eq!(signal.get(), Some(7));
    }

    #[test]
    fn who_leaves_is_forgotten() {
        let signal = Signal::default();
        let mut ticket = Ticket::default();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(signal.poll(&mut ticket, &mut cx).is_pending());
        signal.leave(&ticket);
        assert!(signal.waiting().wakers.is_empty());
    }
}
