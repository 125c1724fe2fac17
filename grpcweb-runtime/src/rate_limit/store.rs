use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::{Decision, Key, Quota};
use crate::BoxError;

/// Where calls are counted.
///
/// [`MemoryStore`](super::MemoryStore) counts in this process. One that several processes ask, as Redis,
/// is made with this trait: it keeps a [`Counter`](super::Counter) for each key, or counts in its own way.
/// To read, count and write has to be one step, or calls that come at once all pass.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Mutex;
/// use grpcweb_runtime::BoxError;
/// use grpcweb_runtime::rate_limit::{Counter, Decision, Hit, Store};
///
/// /// Forgets nothing: for tests.
/// struct Table(Mutex<HashMap<Vec<u8>, Counter>>);
///
/// impl Store for Table {
///     async fn hit(&self, hit: Hit<'_>) -> Result<Decision, BoxError> {
///         let mut counters = self.0.lock().map_err(|_| "the table is broken")?;
///         let counter = counters.entry(hit.key().to_vec()).or_default();
///         Ok(counter.count(hit.quota(), hit.now()))
///     }
/// }
/// ```
pub trait Store: Send + Sync + 'static {
    /// Counts a call.
    fn hit(&self, hit: Hit<'_>) -> impl Future<Output = Result<Decision, BoxError>> + Send;
}

impl<S: Store> Store for Arc<S> {
    async fn hit(&self, hit: Hit<'_>) -> Result<Decision, BoxError> {
        (**self).hit(hit).await
    }
}

/// A call to be counted.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'a> {
    pub(super) key: &'a Key,
    pub(super) quota: Quota,
    pub(super) now: Duration,
}

impl<'a> Hit<'a> {
    /// What it is counted by: any bytes, as many as clients send. The name of the limit and the quota are in
    /// them.
    #[must_use]
    pub fn key(&self) -> &'a [u8] {
        self.key.as_bytes()
    }

    /// How many calls pass.
    #[must_use]
    pub fn quota(&self) -> Quota {
        self.quota
    }

    /// The time since 1970.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.now
    }
}

type Counting<'a> = Pin<Box<dyn Future<Output = Result<Decision, BoxError>> + Send + 'a>>;

pub(super) trait DynStore: Send + Sync {
    fn hit<'a>(&'a self, hit: Hit<'a>) -> Counting<'a>;
}

impl<S: Store> DynStore for S {
    fn hit<'a>(&'a self, hit: Hit<'a>) -> Counting<'a> {
        Box::pin(Store::hit(self, hit))
    }
}
