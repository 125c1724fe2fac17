use std::fmt;
use std::time::Duration;

/// How many calls pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Quota {
    /// So many in each window. Windows end at the multiples of the period, counted from 1970 in UTC, so that
    /// all processes have the same ones.
    Window {
        /// The most calls of a window. With 0 none pass.
        calls: u32,
        /// The length of a window.
        period: Duration,
    },
    /// One in each interval on average, and some at once after a pause: the generic cell rate algorithm.
    Spaced {
        /// The time that a call costs.
        interval: Duration,
        /// The most calls at once. With 0 none pass.
        burst: u32,
    },
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It passes.
    Pass,
    /// It is one too many.
    Refuse {
        /// When the next one would pass, if nobody else comes before it.
        retry_after: Duration,
    },
}

impl Quota {
    /// The end of the window that a time is in, both since 1970. The end is the last moment of a window.
    /// Without windows, the time itself.
    ///
    /// ```
    /// use std::time::Duration;
    /// use grpcweb_runtime::rate_limit::Quota;
    ///
    /// let quota = Quota::Window { calls: 1, period: Duration::from_secs(60) };
    /// assert_eq!(quota.window_end(Duration::from_secs(90)), Duration::from_secs(120));
    /// ```
    #[must_use]
    pub fn window_end(self, now: Duration) -> Duration {
        match self {
            Self::Window { period, .. } => {
                let period = nanos(period).max(1);
                Duration::from_nanos(nanos(now).div_ceil(period).saturating_mul(period))
            }
            Self::Spaced { .. } => now,
        }
    }

    /// The period or the interval.
    pub(super) fn time(self) -> Duration {
        match self {
            Self::Window { period, .. } => period,
            Self::Spaced { interval, .. } => interval,
        }
    }

    pub(super) fn lets_none_pass(self) -> bool {
        match self {
            Self::Window { calls, .. } => calls == 0,
            Self::Spaced { burst, .. } => burst == 0,
        }
    }

    /// As it stands in a key: no two look alike.
    pub(super) fn to_bytes(self) -> [u8; 13] {
        let (kind, calls, time) = match self {
            Self::Window { calls, period } => (0, calls, period),
            Self::Spaced { interval, burst } => (1, burst, interval),
        };
        let mut bytes = [kind; 13];
        let (count, rest) = bytes.split_at_mut(4);
        count.copy_from_slice(&calls.to_be_bytes());
        let (time_bytes, _) = rest.split_at_mut(8);
        time_bytes.copy_from_slice(&nanos(time).to_be_bytes());
        bytes
    }
}

/// As an error says it.
impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Window { calls, period } => write!(f, "{calls} calls in {period:?}"),
            Self::Spaced { interval, burst } => {
                write!(f, "one call in {interval:?} and {burst} at once")
            }
        }
    }
}

/// What does not fit is for ever.
pub(super) fn nanos(duration: Duration) -> u64 {
    duration.as_nanos().try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_ends_at_a_multiple_of_its_period() {
        for (period, now, end) in [
            (5, 1, 5),
            (5, 5, 5),
            (5, 6, 10),
            (10, 123, 130),
            (1, 123, 123),
        ] {
            let quota = Quota::Window {
                calls: 1,
                period: Duration::from_secs(period),
            };
            let found = quota.window_end(Duration::from_secs(now));
            assert_eq!(found, Duration::from_secs(end), "{period} {now}");
        }
    }

    #[test]
    fn windows_of_any_length_have_an_end() {
        for period in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
            let quota = Quota::Window { calls: 1, period };
            let now = Duration::from_secs(1_700_000_000);
            assert!(quota.window_end(now) >= now, "{period:?}");
        }
    }

    #[test]
    fn quotas_differ_in_their_bytes() {
        let second = Duration::from_secs(1);
        let quotas = [
            Quota::Window {
                calls: 1,
                period: second,
            },
            Quota::Window {
                calls: 2,
                period: second,
            },
            Quota::Window {
                calls: 1,
                period: second * 2,
            },
            Quota::Spaced {
                interval: second,
                burst: 1,
            },
        ];
        for (i, a) in quotas.iter().enumerate() {
            for b in quotas.iter().skip(i + 1) {
                assert_ne!(a.to_bytes(), b.to_bytes());
            }
        }
    }
}
