use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::super::Channel;

/// How long a server is left alone after it could not be connected to; twice as long each time after.
const FIRST_REST: Duration = Duration::from_secs(1);

/// The longest.
const LONGEST_REST: Duration = Duration::from_secs(30);

/// One of the servers.
pub(super) struct Replica {
    pub(super) key: String,
    pub(super) channel: Channel,
    calls: AtomicUsize,
    health: Mutex<Health>,
}

#[derive(Default)]
struct Health {
    /// How often in a row it could not be connected to.
    misses: u32,
    /// When that was found out last.
    missed: Option<Instant>,
    /// Until when it is left alone, if it could not be connected to.
    rests: Option<Instant>,
}

impl Replica {
    pub(super) fn new(key: String, channel: Channel) -> Self {
        Self {
            key,
            channel,
            calls: AtomicUsize::new(0),
            health: Mutex::default(),
        }
    }

    pub(super) fn begin(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn end(&self) {
        self.calls.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many calls it has to answer.
    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Until when it is left alone; `None` where it is not.
    pub(super) fn rests(&self, now: Instant) -> Option<Instant> {
        self.health().rests.filter(|until| *until > now)
    }

    /// The call that is sent now is to find out whether it is back: others need not wait for that.
    pub(super) fn probe(&self, now: Instant) {
        let mut health = self.health();
        if health.rests.is_some() {
            health.rests = Some(now + rest(health.misses));
        }
    }

    pub(super) fn reached(&self) {
        *self.health() = Health::default();
    }

    /// It could not be connected to for a call that `began` then. Of calls that found out together, one
    /// counts.
    pub(super) fn missed(&self, began: Instant, now: Instant) {
        let mut health = self.health();
        if health.missed.is_some_and(|missed| began <= missed) {
            return;
        }
        health.rests = Some(now + rest(health.misses));
        health.misses = health.misses.saturating_add(1);
        health.missed = Some(now);
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn rest(misses: u32) -> Duration {
    let factor = 1u32.checked_shl(misses).unwrap_or(u32::MAX);
    FIRST_REST.saturating_mul(factor).min(LONGEST_REST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_grow_up_to_the_longest_and_end_when_the_server_is_reached() {
        let replica = Replica::new("a".into(), Channel::new("http://a").unwrap());
        let mut now = Instant::now();
        assert_eq!(replica.rests(now), None);
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            replica.missed(now, now);
            let until = now + Duration::from_secs(seconds);
            assert_eq!(replica.rests(now), Some(until));
            assert_eq!(replica.rests(until), None);
            now = until;
        }
        replica.missed(now, now);
        replica.reached();
        assert_eq!(replica.rests(now), None);
    }

    #[test]
    fn calls_that_find_out_together_count_once() {
        let replica = Replica::new("a".into(), Channel::new("http://a").unwrap());
        let began = Instant::now();
        let now = began + Duration::from_millis(1);
        for _ in 0..10 {
            replica.missed(began, now);
        }
        assert_eq!(replica.rests(now), Some(now + FIRST_REST));
    }

    #[test]
    fn one_call_at_a_time_finds_out_whether_a_server_is_back() {
        let replica = Replica::new("a".into(), Channel::new("http://a").unwrap());
        let now = Instant::now();
        replica.probe(now);
        assert_eq!(replica.rests(now), None);
        replica.missed(now, now);
        let later = now + Duration::from_secs(1);
        assert_eq!(replica.rests(later), None);
        replica.probe(later);
        assert!(replica.rests(later).is_some());
    }

    #[test]
    fn rests_never_overflow() {
        assert_eq!(rest(u32::MAX), LONGEST_REST);
    }
}
