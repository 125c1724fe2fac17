use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

use super::{Counter, Decision, Hit, Store};
use crate::BoxError;

/// How many keys are in one group: more are looked through for each call, fewer fill up unevenly.
const GROUP: usize = 32;

/// Counts in the memory of this process, which never grows beyond what it was made for.
///
/// A key takes 32 bytes, however long it is, as its hash is kept. Keys are in groups of 32. One that comes
/// into a full group takes the place of one whose counter is over or, where there is none, of the one
/// that would be over first: that one begins anew. So a flood of keys costs no memory, and makes limits
/// lenient rather than calls fail. While it is no more than half full, hardly a key is lost before its time.
pub struct MemoryStore {
    groups: Box<[Mutex<Vec<Entry>>]>,
    hashers: [RandomState; 2],
}

struct Entry {
    /// Of the key, with secrets of this process: nobody can look for keys that collide.
    hash: [u64; 2],
    counter: Counter,
}

impl MemoryStore {
    /// How many keys it holds by default: 131,072, in 4 MiB and some.
    pub const DEFAULT_CAPACITY: usize = 1 << 17;

    /// A store for as many keys at the most, rounded up to a multiple of 32. Memory is taken as they come.
    #[must_use]
    pub fn with_capacity(keys: usize) -> Self {
        let groups = keys.div_ceil(GROUP).max(1);
        Self {
            groups: std::iter::repeat_with(Mutex::default)
                .take(groups)
                .collect(),
            hashers: [RandomState::new(), RandomState::new()],
        }
    }

    /// How many keys it holds now, those too whose counters are over.
    #[must_use]
    pub fn len(&self) -> usize {
        let lens = self.groups.iter().map(|group| lock(group).len());
        lens.sum()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn count(&self, hit: &Hit<'_>) -> Decision {
        let hash = self
            .hashers
            .each_ref()
            .map(|hasher| hasher.hash_one(hit.key()));
        let [_, place] = hash;
        // The remainder is smaller than the number of groups, of which there is one at least.
        let place = usize::try_from(place % self.groups.len() as u64).unwrap_or_default();
        let Some(group) = self.groups.get(place) else {
            return Decision::Pass;
        };
        let mut group = lock(group);
        if let Some(entry) = group.iter_mut().find(|entry| entry.hash == hash) {
            return entry.counter.count(hit.quota, hit.now);
        }
        let mut counter = Counter::default();
        let decision = counter.count(hit.quota, hit.now);
        let entry = Entry { hash, counter };
        if group.len() < GROUP {
            group.push(entry);
        } else if let Some(first) = group.iter_mut().min_by_key(|entry| entry.counter.until()) {
            *first = entry;
        }
        decision
    }
}

/// No counter is broken by a panic.
fn lock<T>(group: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    group.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::with_capacity(Self::DEFAULT_CAPACITY)
    }
}

impl Store for MemoryStore {
    async fn hit(&self, hit: Hit<'_>) -> Result<Decision, BoxError> {
        Ok(self.count(&hit))
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("capacity", &(self.groups.len() * GROUP))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use super::super::{Key, KeyPart, Quota};
    use super::*;

    const QUOTA: Quota = Quota::Window {
        calls: 1,
        period: Duration::from_secs(60),
    };
    const NOW: Duration = Duration::from_secs(1_700_000_000);

    fn passes_at(store: &MemoryStore, part: impl KeyPart, quota: Quota, now: Duration) -> bool {
        let mut key = Key::default();
        key.push(&part);
        let hit = Hit {
            key: &key,
            quota,
            now,
        };
        store.count(&hit) == Decision::Pass
    }

    fn passes(store: &MemoryStore, part: impl KeyPart) -> bool {
        passes_at(store, part, QUOTA, NOW)
    }

    #[test]
    fn an_entry_is_as_long_as_the_docs_say() {
        assert_eq!(size_of::<Entry>(), 32);
    }

    #[test]
    fn a_flood_of_keys_takes_no_more_memory_than_was_agreed() {
        let store = MemoryStore::with_capacity(1024);
        for key in 0..1_000_000_u32 {
            assert!(passes(&store, key), "{key}");
        }
        assert!(store.len() <= 1024, "{}", store.len());
        for group in &store.groups {
            assert!(lock(group).capacity() <= GROUP);
        }
    }

    #[test]
    fn half_of_the_keys_that_it_holds_are_not_lost() {
        let store = MemoryStore::default();
        let keys = 0..u32::try_from(MemoryStore::DEFAULT_CAPACITY / 2).unwrap();
        for key in keys.clone() {
            passes(&store, key);
        }
        let lost = keys.filter(|&key| passes(&store, key)).count();
        assert!(lost < 100, "{lost}");
    }

    #[test]
    fn what_is_over_first_gives_way() {
        let store = MemoryStore::with_capacity(GROUP);
        let long = Quota::Window {
            calls: 1,
            period: Duration::from_secs(24 * 3600),
        };
        assert!(passes_at(&store, "long", long, NOW));
        for key in 0..1000_u32 {
            passes(&store, key);
        }
        assert!(!passes_at(&store, "long", long, NOW));
    }

    #[test]
    fn threads_that_call_at_once_get_what_the_limit_says_and_no_more() {
        let store = MemoryStore::default();
        let quota = Quota::Window {
            calls: 100,
            period: Duration::from_secs(60),
        };
        let passed = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        if passes_at(&store, "a", quota, NOW) {
                            passed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert_eq!(passed.into_inner(), 100);
    }
}
