//! Calls that are made again: gRFC A6, in substance.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::attempt::Content;
use super::settings::Settings;
use crate::request::RequestHead;
use crate::{Code, Idempotency, MethodDescriptor, Status};

/// How a server says when a call may be made again, in milliseconds; not at all, where it is negative.
const PUSHBACK: &str = "grpc-retry-pushback-ms";

/// When and how often a call is made again that failed.
///
/// Only a call that may be made more than once: the `.proto` file says so of its method
/// (`idempotency_level`), or the caller does ([`Request::assume_idempotent`]). Only one with a single
/// request message, and only as long as no message of the response was handed out. What the server says
/// about it (`grpc-retry-pushback-ms`) goes before the policy. The pauses need a timer: the feature `tokio`
/// and a runtime of it, or a blocking client. Without one a call is made once.
///
/// All calls of a client and its clones share a budget, so that retries do not add to a storm: too many
/// failures end them ([`budget`](Self::budget)), and every ten calls that go well make good for one.
///
/// The rules are those of [gRFC A6].
///
/// ```
/// use std::time::Duration;
/// use grpcweb_runtime::Code;
/// use grpcweb_runtime::client::RetryPolicy;
///
/// let policy = RetryPolicy::new()
///     .max_attempts(3)
///     .backoff(Duration::from_millis(50), Duration::from_secs(2))
///     .codes([Code::Unavailable, Code::ResourceExhausted]);
/// # let _ = policy;
/// ```
///
/// [`Request::assume_idempotent`]: crate::Request::assume_idempotent
/// [gRFC A6]: https://github.com/grpc/proposal/blob/master/A6-client-retries.md
#[derive(Debug, Clone)]
#[must_use]
pub struct RetryPolicy {
    max_attempts: u32,
    first_backoff: Duration,
    max_backoff: Duration,
    codes: Vec<Code>,
    all_methods: bool,
    budget: Arc<Budget>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

impl RetryPolicy {
    /// Up to four attempts where the server is `UNAVAILABLE`, 100 ms apart at first and a second at most.
    pub fn new() -> Self {
        Self {
            max_attempts: 4,
            first_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(1),
            codes: vec![Code::Unavailable],
            all_methods: false,
            budget: Arc::new(Budget::new(50)),
        }
    }

    /// How often a call is tried in all, the first time included.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// How long to wait before the second attempt, and at most. Doubled each time in between, and changed
    /// by up to a fifth at random, so that clients that failed together do not come back together.
    pub fn backoff(mut self, first: Duration, max: Duration) -> Self {
        self.first_backoff = first;
        self.max_backoff = max;
        self
    }

    /// The codes after which a call is made again.
    pub fn codes(mut self, codes: impl IntoIterator<Item = Code>) -> Self {
        self.codes = codes.into_iter().collect();
        self
    }

    /// After how many failures there are no more retries: 50 unless set. Set it to more than the calls that are
    /// in flight at once, all of which fail together where a server goes away.
    pub fn budget(mut self, failures: u32) -> Self {
        self.budget = Arc::new(Budget::new(failures));
        self
    }

    /// Takes every method for one that may be called more than once.
    pub fn assume_idempotent(mut self) -> Self {
        self.all_methods = true;
        self
    }
}

/// Failures that are still allowed. Counted in tenths, as a success is worth a tenth of a failure.
#[derive(Debug)]
struct Budget {
    left: AtomicU32,
    full: u32,
}

impl Budget {
    const FAILURE: u32 = 10;
    const SUCCESS: u32 = 1;

    fn new(failures: u32) -> Self {
        let full = failures.saturating_mul(Self::FAILURE);
        Self {
            left: AtomicU32::new(full),
            full,
        }
    }

    /// Whether the failure was still allowed.
    fn failed(&self) -> bool {
        let spend = |left: u32| left.checked_sub(Self::FAILURE);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend)
            .is_ok()
    }

    fn succeeded(&self) {
        let earn = |left: u32| (left < self.full).then_some(left + Self::SUCCESS);
        // A full budget stays as it is.
        let _ = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, earn);
    }
}

/// The attempts of one call.
pub(super) struct Retries<'a> {
    policy: &'a RetryPolicy,
    made: u32,
}

impl<'a> Retries<'a> {
    /// `None` for a call that is made once.
    pub(super) fn of(
        settings: &'a Settings,
        method: &MethodDescriptor,
        head: &RequestHead,
        content: &Content,
    ) -> Option<Self> {
        let policy = settings.retry.as_ref()?;
        let safe =
            policy.all_methods || head.idempotent || method.idempotency != Idempotency::Unknown;
        let one = matches!(content, Content::Message(_));
        (safe && one && policy.max_attempts > 1).then_some(Self { policy, made: 0 })
    }

    /// How many attempts failed.
    pub(super) fn made(&self) -> u32 {
        self.made
    }

    pub(super) fn succeeded(&self) {
        self.policy.budget.succeeded();
    }

    /// How long to wait before the next attempt, if there is to be one.
    pub(super) fn after(&mut self, status: &Status) -> Option<Duration> {
        let policy = self.policy;
        let pushback = status.metadata().as_headers().get(PUSHBACK);
        let pushback = pushback.map(|value| value.to_str().ok().and_then(|ms| ms.parse().ok()));
        let matters = policy.codes.contains(&status.code());
        if !matters && pushback.is_none() {
            return None;
        }
        self.made += 1;
        let in_budget = policy.budget.failed();
        if !matters || !in_budget || self.made >= policy.max_attempts {
            return None;
        }
        match pushback {
            Some(pushback) => pushback.map(Duration::from_millis),
            None => Some(self.backoff()),
        }
    }

    fn backoff(&self) -> Duration {
        let doubled = 2_u32.saturating_pow(self.made.saturating_sub(1));
        let backoff = self.policy.first_backoff.saturating_mul(doubled);
        backoff.min(self.policy.max_backoff).mul_f64(jitter())
    }
}

/// A factor of 0.8 to 1.2. The keys of a hash map are random enough to keep clients apart.
fn jitter() -> f64 {
    let random = RandomState::new().hash_one(0_u8) % 1000;
    let random = u32::try_from(random).unwrap_or_default();
    0.8 + f64::from(random) * 0.0004
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retries(policy: &RetryPolicy) -> Retries<'_> {
        Retries { policy, made: 0 }
    }

    #[test]
    fn pauses_grow_up_to_the_longest() {
        let policy = RetryPolicy::new()
            .max_attempts(8)
            .backoff(Duration::from_millis(100), Duration::from_millis(500));
        let mut retries = retries(&policy);
        for expected in [100, 200, 400, 500, 500] {
            let pause = retries.after(&Status::unavailable("")).unwrap();
            let expected = Duration::from_millis(expected);
            assert!(
                pause >= expected.mul_f64(0.79) && pause <= expected.mul_f64(1.21),
                "{pause:?}"
            );
        }
    }

    #[test]
    fn attempts_end_at_their_number_and_at_another_code() {
        let policy = RetryPolicy::new().max_attempts(3);
        let mut all = retries(&policy);
        assert!(all.after(&Status::unavailable("")).is_some());
        assert!(all.after(&Status::unavailable("")).is_some());
        assert!(all.after(&Status::unavailable("")).is_none());
        assert!(retries(&policy).after(&Status::internal("")).is_none());
    }

    #[test]
    fn what_the_server_says_about_it_goes_before_the_policy() {
        let policy = RetryPolicy::new();
        for (value, pause) in [
            ("7", Some(Duration::from_millis(7))),
            ("-1", None),
            ("soon", None),
        ] {
            let mut headers = http::HeaderMap::new();
            headers.insert(PUSHBACK, http::HeaderValue::from_static(value));
            let metadata = crate::MetadataMap::from_headers(headers);
            let status = Status::unavailable("").with_metadata(metadata);
            assert_eq!(retries(&policy).after(&status), pause, "{value}");
        }
    }

    #[test]
    fn a_storm_ends_retries_and_calls_that_go_well_bring_them_back() {
        let policy = RetryPolicy::new().budget(9);
        let mut allowed = 0;
        while retries(&policy).after(&Status::unavailable("")).is_some() {
            allowed += 1;
        }
        assert_eq!(allowed, 9);
        for _ in 0..10 {
            retries(&policy).succeeded();
        }
        let clone = policy.clone();
        assert!(retries(&clone).after(&Status::unavailable("")).is_some());
        assert!(retries(&policy).after(&Status::unavailable("")).is_none());
    }
}
