use std::time::Duration;

use super::quota::nanos;
use super::{Decision, Quota};

/// What is known of a key: as much as a [`Store`](super::Store) has to keep for it.
///
/// A key that was never seen has the default one, and so has one whose counter is
/// [over](Self::is_over).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counter {
    /// Nanoseconds since 1970: the end of the window, or the time up to which calls have paid.
    until: u64,
    /// How many calls passed in the window.
    passed: u32,
}

impl Counter {
    /// Counts a call, at a time since 1970. One that is refused is not counted.
    pub fn count(&mut self, quota: Quota, now: Duration) -> Decision {
        match quota {
            Quota::Window { calls, period } => {
                let end = nanos(quota.window_end(now));
                self.count_in_window(end, nanos(period).max(1), calls, nanos(now))
            }
            Quota::Spaced { interval, burst } => {
                self.count_spaced(nanos(interval), burst, nanos(now))
            }
        }
    }

    fn count_in_window(&mut self, end: u64, period: u64, calls: u32, now: u64) -> Decision {
        // A clock that is a little behind another one counts in the window that the other one began; one
        // that was set back begins anew, so that it locks nobody out.
        let set_back = self.until.saturating_sub(end) > period;
        if end > self.until || set_back {
            *self = Self {
                until: end,
                passed: 0,
            };
        }
        if self.passed < calls {
            self.passed += 1;
            return Decision::Pass;
        }
        // The end belongs to the window.
        refuse(self.until.saturating_sub(now).saturating_add(1))
    }

    fn count_spaced(&mut self, interval: u64, burst: u32, now: u64) -> Decision {
        let most = interval.saturating_mul(burst.into());
        // No more than could be owed, so that a clock that is set back locks nobody out.
        let owed = self.until.saturating_sub(now).min(most);
        let Some(left) = (most - owed).checked_sub(interval).filter(|_| burst > 0) else {
            return refuse(interval.saturating_sub(most - owed).max(1));
        };
        self.until = now.saturating_add(most - left);
        Decision::Pass
    }

    /// Whether it says nothing any more, and can be forgotten.
    #[must_use]
    pub fn is_over(&self, now: Duration) -> bool {
        self.until < nanos(now)
    }

    /// Until when it has to be kept, since 1970.
    #[must_use]
    pub fn until(&self) -> Duration {
        Duration::from_nanos(self.until)
    }

    /// To be kept elsewhere.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        let (until, passed) = bytes.split_at_mut(8);
        until.copy_from_slice(&self.until.to_be_bytes());
        passed.copy_from_slice(&self.passed.to_be_bytes());
        bytes
    }

    /// From elsewhere.
    #[must_use]
    pub fn from_bytes([a, b, c, d, e, f, g, h, i, j, k, l]: [u8; 12]) -> Self {
        Self {
            until: u64::from_be_bytes([a, b, c, d, e, f, g, h]),
            passed: u32::from_be_bytes([i, j, k, l]),
        }
    }
}

fn refuse(nanos: u64) -> Decision {
    Decision::Refuse {
        retry_after: Duration::from_nanos(nanos),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn window(calls: u32, period: Duration) -> Quota {
        Quota::Window { calls, period }
    }

    fn spaced(interval: Duration, burst: u32) -> Quota {
        Quota::Spaced { interval, burst }
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(1_700_000_000 + seconds)
    }

    #[test]
    fn a_window_lets_its_calls_pass_and_the_next_one_too() {
        let quota = window(2, 10 * SECOND);
        let mut counter = Counter::default();
        assert_eq!(counter.count(quota, at(1)), Decision::Pass);
        assert_eq!(counter.count(quota, at(2)), Decision::Pass);
        let retry_after = 7 * SECOND + Duration::from_nanos(1);
        assert_eq!(
            counter.count(quota, at(3)),
            Decision::Refuse { retry_after }
        );
        assert_eq!(counter.count(quota, at(3) + retry_after), Decision::Pass);
    }

    #[test]
    fn calls_that_are_spaced_pass_at_their_rate_and_some_at_once() {
        let quota = spaced(SECOND, 3);
        let mut counter = Counter::default();
        for _ in 0..3 {
            assert_eq!(counter.count(quota, at(0)), Decision::Pass);
        }
        let one_second = Decision::Refuse {
            retry_after: SECOND,
        };
        for _ in 0..5 {
            assert_eq!(counter.count(quota, at(0)), one_second);
        }
        assert_eq!(counter.count(quota, at(1)), Decision::Pass);
        assert_eq!(counter.count(quota, at(1)), one_second);
        for _ in 0..3 {
            assert_eq!(counter.count(quota, at(100)), Decision::Pass);
        }
        assert_eq!(counter.count(quota, at(100)), one_second);
    }

    #[test]
    fn with_a_quota_of_none_nothing_passes() {
        for quota in [window(0, SECOND), spaced(SECOND, 0)] {
            let decision = Counter::default().count(quota, at(0));
            assert!(matches!(decision, Decision::Refuse { .. }), "{quota:?}");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        for quota in [window(1, SECOND), spaced(SECOND, 1)] {
            let mut counter = Counter::default();
            assert_eq!(counter.count(quota, at(1_000_000)), Decision::Pass);
            if let Decision::Refuse { retry_after } = counter.count(quota, at(0)) {
                assert!(retry_after <= SECOND, "{quota:?}: {retry_after:?}");
            }
        }
    }

    /// As of two processes whose clocks differ, and which share a store.
    #[test]
    fn clocks_that_straddle_the_end_of_a_window_do_not_begin_it_anew() {
        let quota = window(1, 10 * SECOND);
        let (behind, ahead) = (at(0) - SECOND / 1000, at(0) + SECOND / 1000);
        let mut counter = Counter::default();
        let passed = (0..100)
            .flat_map(|_| [behind, ahead])
            .filter(|&now| counter.count(quota, now) == Decision::Pass)
            .count();
        assert_eq!(passed, 2);
        let retry_after = 10 * SECOND + SECOND / 1000 + Duration::from_nanos(1);
        assert_eq!(
            counter.count(quota, behind),
            Decision::Refuse { retry_after }
        );
    }

    #[test]
    fn a_counter_that_is_over_is_as_good_as_none() {
        for quota in [window(1, 10 * SECOND), spaced(9 * SECOND, 1)] {
            let mut counter = Counter::default();
            counter.count(quota, at(1));
            assert!(!counter.is_over(at(9)));
            let later = counter.until() + Duration::from_nanos(1);
            assert!(counter.is_over(later));
            assert_eq!(counter.count(quota, later), Decision::Pass);
        }
    }

    proptest! {
        #[test]
        fn no_more_than_the_limit_pass_in_a_window(
            calls in 0u32..20,
            period in 1u64..5_000_000_000,
            steps in proptest::collection::vec(0u64..1_000_000_000, 1..200),
        ) {
            let quota = window(calls, Duration::from_nanos(period));
            let mut counter = Counter::default();
            let mut passed = std::collections::HashMap::new();
            let mut now = at(0);
            for step in steps {
                now += Duration::from_nanos(step);
                match counter.count(quota, now) {
                    Decision::Pass => *passed.entry(quota.window_end(now)).or_insert(0) += 1,
                    Decision::Refuse { retry_after } => {
                        let passed = passed.get(&quota.window_end(now)).copied();
                        prop_assert_eq!(passed.unwrap_or(0), calls);
                        let next = quota.window_end(now + retry_after);
                        prop_assert!(next > quota.window_end(now));
                    }
                }
            }
            prop_assert!(passed.values().all(|&passed| passed <= calls));
        }

        #[test]
        fn no_more_than_the_rate_and_the_burst_pass_in_any_time(
            interval in 1u64..1_000_000_000,
            burst in 1u32..20,
            steps in proptest::collection::vec(0u64..2_000_000_000, 1..100),
        ) {
            let quota = spaced(Duration::from_nanos(interval), burst);
            let mut counter = Counter::default();
            let (mut now, mut passed) = (at(0), Vec::new());
            for step in steps {
                now += Duration::from_nanos(step);
                match counter.count(quota, now) {
                    Decision::Pass => passed.push(now),
                    Decision::Refuse { retry_after } => {
                        let early = now + retry_after - Duration::from_nanos(1);
                        let refused = !matches!({counter}.count(quota, early), Decision::Pass);
                        prop_assert!(refused);
                        prop_assert_eq!({counter}.count(quota, now + retry_after), Decision::Pass);
                    }
                }
            }
            for (first, from) in passed.iter().enumerate() {
                for (last, to) in passed.iter().enumerate().skip(first) {
                    let most = (*to - *from).as_nanos() / u128::from(interval) + u128::from(burst);
                    prop_assert!((last - first + 1) as u128 <= most);
                }
            }
        }

        #[test]
        fn bytes_hold_a_counter(until in any::<u64>(), passed in any::<u32>()) {
            let counter = Counter { until, passed };
            prop_assert_eq!(Counter::from_bytes(counter.to_bytes()), counter);
        }
    }
}
