use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::store::DynStore;
use super::{Decision, Hit, Key, KeyPart, MemoryStore, Quota, Store, client_network};
use crate::error_details::RetryInfo;
use crate::server::Interceptor;
use crate::{BoxError, MethodDescriptor, Request, Status};

/// How often calls may be made, and what they are counted by. See the [module docs](super) for examples.
///
/// All calls that come to it are counted together, unless it is told what to tell them apart by:
/// [`by_client_ip`](Self::by_client_ip), [`by_method`](Self::by_method), [`by_header`](Self::by_header) and
/// [`key`](Self::key), which add up.
///
/// Clones count together: set in two places, it is one limit for both. Of several limits, each is asked in
/// turn until one refuses; those before it have counted the call.
#[derive(Clone)]
#[must_use = "a limit does nothing until calls are shown to it"]
pub struct RateLimit {
    quota: Quota,
    name: String,
    parts: Vec<Part>,
    store: Arc<dyn DynStore>,
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    on_store_error: Arc<dyn Fn(BoxError) -> Result<(), Status> + Send + Sync>,
}

type Part = Arc<dyn Fn(&'static MethodDescriptor, &Request<()>, &mut Key) + Send + Sync>;

impl RateLimit {
    /// So many calls in each window of time. Windows end at the multiples of the period in UTC, so that one
    /// of a minute ends with the minute; twice as many may pass around that moment. With 0 none pass.
    ///
    /// # Panics
    ///
    /// Where the period is zero, which would be no limit.
    #[track_caller]
    pub fn per_window(calls: u32, period: Duration) -> Self {
        Self::new(Quota::Window { calls, period })
    }

    /// So many calls in a period, evenly spread, and after a pause up to `burst` at once (GCRA). No stretch
    /// of time, wherever it begins, has more than its share and the burst. With 0 of either none pass.
    ///
    /// # Panics
    ///
    /// Where a call has less than a nanosecond of the period, which would be no limit.
    #[track_caller]
    pub fn gcra(calls: u32, period: Duration, burst: u32) -> Self {
        let (interval, burst) = match period.checked_div(calls) {
            Some(interval) => (interval, burst),
            None => (period, 0),
        };
        Self::new(Quota::Spaced { interval, burst })
    }

    /// A limit with this quota, in memory of its own.
    ///
    /// # Panics
    ///
    /// Where the period or the interval is zero, which would be no limit.
    #[track_caller]
    #[expect(
        clippy::panic,
        reason = "a mistake in the program, found when it starts"
    )]
    pub fn new(quota: Quota) -> Self {
        if quota.time().is_zero() {
            panic!("a limit of {quota} is none: give it a longer time, or fewer calls");
        }
        Self {
            quota,
            name: String::new(),
            parts: Vec::new(),
            store: Arc::new(MemoryStore::default()),
            clock: Arc::new(SystemTime::now),
            on_store_error: Arc::new(|_| Ok(())),
        }
    }

    /// Counts each address of a client on its own ([`client_network`]): of IPv6, each /64. Calls whose
    /// address is not known, as over a Unix socket, are counted together. Behind a proxy, that is the
    /// address of the proxy, unless [`TrustedProxies`](crate::server::TrustedProxies) are told.
    pub fn by_client_ip(self) -> Self {
        self.key(|_, request| client_network(request))
    }

    /// Counts each method on its own.
    pub fn by_method(self) -> Self {
        self.key(|method, _| method.path)
    }

    /// Counts each value of a header on its own, such as a key that a gateway has checked: a client that can
    /// choose its value can have as many counts. Calls without it are counted together.
    pub fn by_header(self, name: &'static str) -> Self {
        self.part(move |_, request, key| {
            let values = request.metadata().as_headers().get_all(name);
            key.push(&values.iter().count());
            for value in values {
                key.push_bytes(value.as_bytes());
            }
        })
    }

    /// Counts by what a closure says of a call. It sees the method and all of the request but messages: what
    /// interceptors before it found out is in the extensions.
    ///
    /// ```
    /// use std::time::Duration;
    /// use grpcweb_runtime::rate_limit::RateLimit;
    ///
    /// #[derive(Clone)]
    /// struct User(u64);
    ///
    /// let limit = RateLimit::per_window(1000, Duration::from_secs(3600))
    ///     .key(|_, request| request.extensions().get::<User>().map(|user| user.0));
    /// # let _ = limit;
    /// ```
    ///
    /// `None` is a key like others: the calls without a user are counted together here.
    pub fn key<K: KeyPart>(
        self,
        part: impl Fn(&'static MethodDescriptor, &Request<()>) -> K + Send + Sync + 'static,
    ) -> Self {
        self.part(move |method, request, key| key.push(&part(method, request)))
    }

    fn part(
        mut self,
        part: impl Fn(&'static MethodDescriptor, &Request<()>, &mut Key) + Send + Sync + 'static,
    ) -> Self {
        self.parts.push(Arc::new(part));
        self
    }

    /// Counts in a store, under a name. Limits with the same name and the same quota count together in a
    /// store, be it from other processes.
    pub fn store(mut self, name: impl Into<String>, store: impl Store) -> Self {
        self.name = name.into();
        self.store = Arc::new(store);
        self
    }

    /// Says what becomes of a call where the store fails: `Ok` lets it pass, which is what happens
    /// unless this is set. A place to log such errors too.
    pub fn on_store_error(
        mut self,
        decide: impl Fn(BoxError) -> Result<(), Status> + Send + Sync + 'static,
    ) -> Self {
        self.on_store_error = Arc::new(decide);
        self
    }

    /// Fails calls with `UNAVAILABLE` where the store fails.
    pub fn fail_closed(self) -> Self {
        self.on_store_error(|error| {
            let status = Status::unavailable("the limit on the rate of calls cannot be looked up");
            Err(status.with_source(error))
        })
    }

    /// Takes the time from a closure, which a test can steer.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Counts a call by this key, and no other.
    ///
    /// # Errors
    ///
    /// `RESOURCE_EXHAUSTED` where it is one too many, with a [`RetryInfo`] unless none ever pass. What
    /// [`on_store_error`](Self::on_store_error) says, where the store fails.
    pub async fn check<K: KeyPart + ?Sized>(&self, key: &K) -> Result<(), Status> {
        let mut whole = self.prefix();
        whole.push(key);
        self.count(whole).await
    }

    /// What the keys of different limits differ in.
    fn prefix(&self) -> Key {
        let mut key = Key::default();
        key.push(&self.name);
        key.push_bytes(&self.quota.to_bytes());
        key
    }

    async fn count(&self, key: Key) -> Result<(), Status> {
        let now = (self.clock)().duration_since(SystemTime::UNIX_EPOCH);
        let hit = Hit {
            key: &key,
            quota: self.quota,
            now: now.unwrap_or_default(),
        };
        match self.store.hit(hit).await {
            Ok(Decision::Pass) => Ok(()),
            Ok(Decision::Refuse { retry_after }) => Err(self.refusal(retry_after)),
            Err(error) => (self.on_store_error)(error),
        }
    }

    fn refusal(&self, retry_after: Duration) -> Status {
        if self.quota.lets_none_pass() {
            return Status::resource_exhausted("the limit lets no call pass");
        }
        let message = format!(
            "the limit of {} is reached: try again in {}s",
            self.quota,
            in_seconds(retry_after)
        );
        Status::resource_exhausted(message).with_detail(&RetryInfo::after(retry_after))
    }
}

/// Rounded up, but for the nanosecond after which a window is over.
fn in_seconds(duration: Duration) -> u128 {
    let nanos = duration.as_nanos().saturating_sub(1);
    nanos.div_ceil(1_000_000_000).max(1)
}

impl Interceptor for RateLimit {
    async fn intercept(
        &self,
        method: &'static MethodDescriptor,
        request: &mut Request<()>,
    ) -> Result<(), Status> {
        let mut key = self.prefix();
        for part in &self.parts {
            part(method, request, &mut key);
        }
        self.count(key).await
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit")
            .field("quota", &self.quota)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_in_whole_seconds_and_never_as_none() {
        for (nanos, seconds) in [
            (1, 1),
            (4_000_000_000, 4),
            (4_000_000_001, 4),
            (4_000_000_002, 5),
        ] {
            assert_eq!(in_seconds(Duration::from_nanos(nanos)), seconds);
        }
    }

    #[test]
    fn a_limit_that_would_be_none_is_not_made() {
        let second = Duration::from_secs(1);
        let made: [fn(Duration) -> RateLimit; 3] = [
            |_| RateLimit::per_window(1, Duration::ZERO),
            |_| RateLimit::gcra(1, Duration::ZERO, 1),
            |second| RateLimit::gcra(2_000_000_000, second, 1),
        ];
        for make in made {
            let panic = std::panic::catch_unwind(|| make(second)).unwrap_err();
            let message = panic.downcast_ref::<String>().unwrap();
            assert!(message.contains("a longer time"), "{message}");
        }
        let _ = RateLimit::gcra(1_000_000_000, second, 1);
    }

    #[tokio::test]
    async fn a_limit_of_no_calls_does_not_tell_to_try_again() {
        let second = Duration::from_secs(1);
        for limit in [
            RateLimit::per_window(0, second),
            RateLimit::gcra(0, second, 1),
            RateLimit::gcra(1, second, 0),
        ] {
            let refused = limit.check("a").await.unwrap_err();
            assert_eq!(refused.code(), crate::Code::ResourceExhausted);
            assert!(refused.detail::<RetryInfo>().is_none(), "{refused}");
            assert!(!refused.message().contains("again"), "{refused}");
        }
    }

    #[test]
    fn a_rate_is_an_interval() {
        let limit = RateLimit::gcra(50, Duration::from_secs(1), 7);
        let interval = Duration::from_millis(20);
        assert_eq!(limit.quota, Quota::Spaced { interval, burst: 7 });
        let none = RateLimit::gcra(0, Duration::from_secs(1), 7);
        assert!(matches!(none.quota, Quota::Spaced { burst: 0, .. }));
    }
}
