use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_core::Stream;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::replica::Replica;
use crate::Channel;
use crate::client::ChannelError;

/// How long a call waits while no server is known.
const PATIENCE: Duration = Duration::from_secs(10);

/// What happens to the servers of a [`Channel::discovered`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Change {
    /// A server is there, under a name; it takes the place of one that had that name.
    Insert(String, Channel),
    /// The server of that name gets no more calls. Those that it has go on.
    Remove(String),
}

pub(super) type Changes = Pin<Box<dyn Stream<Item = Change> + Send>>;

/// The servers as they are known now.
pub(super) struct Members {
    known: watch::Sender<Known>,
    source: Mutex<Source>,
}

struct Known {
    replicas: Vec<Arc<Replica>>,
    is_final: bool,
}

/// Where the changes come from.
enum Source {
    Unread(Changes),
    Read(AbortHandle),
    Fixed,
}

impl Members {
    pub(super) fn fixed(channels: Vec<(String, Channel)>) -> Self {
        let replicas = channels
            .into_iter()
            .map(|(key, channel)| Arc::new(Replica::new(key, channel)));
        Self::new(replicas.collect(), true, Source::Fixed)
    }

    pub(super) fn discovered(changes: Changes) -> Self {
        Self::new(Vec::new(), false, Source::Unread(changes))
    }

    fn new(replicas: Vec<Arc<Replica>>, is_final: bool, source: Source) -> Self {
        let (known, _) = watch::channel(Known { replicas, is_final });
        let source = Mutex::new(source);
        Self { known, source }
    }

    /// Waits until a server is known.
    pub(super) async fn known(&self) -> Result<(), ChannelError> {
        self.read();
        if !self.known.borrow().replicas.is_empty() {
            return Ok(());
        }
        let mut known = self.known.subscribe();
        let wait = known.wait_for(|known| known.is_final || !known.replicas.is_empty());
        match tokio::time::timeout(PATIENCE, wait).await {
            Ok(Ok(known)) if !known.replicas.is_empty() => Ok(()),
            Ok(_) => Err(ChannelError::no_servers(
                "no server is known, and the stream that would name one has ended",
            )),
            Err(_) => Err(ChannelError::no_servers(&format!(
                "the stream that names servers has named none for {PATIENCE:?}"
            ))),
        }
    }

    /// A server to send a call to that those in `tried` could not take.
    ///
    /// Of two that are not left alone, the one with fewer calls. Where all are left alone, the one that will
    /// not be soonest: a call that fails says more than one that waits.
    pub(super) fn pick(&self, tried: &[Arc<Replica>]) -> Option<Arc<Replica>> {
        let now = Instant::now();
        let known = self.known.borrow();
        let left = || {
            known
                .replicas
                .iter()
                .filter(|replica| !is_in(tried, replica))
        };
        let ready: Vec<_> = left()
            .filter(|replica| replica.rests(now).is_none())
            .collect();
        let picked = match two_of(ready.len()) {
            Some((one, other)) => {
                let pair = [ready.get(one), ready.get(other)];
                pair.into_iter()
                    .flatten()
                    .min_by_key(|replica| replica.calls())
                    .copied()
            }
            None => left().min_by_key(|replica| replica.rests(now)),
        }?;
        picked.probe(now);
        Some(Arc::clone(picked))
    }

    /// Begins to read the changes, which needs tokio: not before the first call.
    fn read(&self) {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*source, Source::Unread(_)) {
            return;
        }
        if let Source::Unread(changes) = std::mem::replace(&mut *source, Source::Fixed) {
            let task = tokio::spawn(follow(changes, self.known.clone()));
            *source = Source::Read(task.abort_handle());
        }
    }
}

async fn follow(mut changes: Changes, known: watch::Sender<Known>) {
    while let Some(change) = std::future::poll_fn(|cx| changes.as_mut().poll_next(cx)).await {
        known.send_modify(|known| known.apply(change));
    }
    known.send_modify(|known| known.is_final = true);
}

impl Known {
    fn apply(&mut self, change: Change) {
        let (Change::Insert(key, _) | Change::Remove(key)) = &change;
        self.replicas.retain(|replica| replica.key != *key);
        if let Change::Insert(key, channel) = change {
            self.replicas.push(Arc::new(Replica::new(key, channel)));
        }
    }
}

impl Drop for Members {
    fn drop(&mut self) {
        let source = self
            .source
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Source::Read(task) = source {
            task.abort();
        }
    }
}

fn is_in(replicas: &[Arc<Replica>], replica: &Arc<Replica>) -> bool {
    replicas.iter().any(|other| Arc::ptr_eq(other, replica))
}

/// Two different numbers below `count`, or the same one twice where there is no other.
fn two_of(count: usize) -> Option<(usize, usize)> {
    let random = usize::try_from(RandomState::new().hash_one(()) >> 32).unwrap_or_default();
    let one = random.checked_rem(count)?;
    let others = count - 1;
    let step = (random / count)
        .checked_rem(others)
        .map_or(0, |step| step + 1);
    Some((one, (one + step) % count))
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.known.borrow();
        f.debug_list()
            .entries(known.replicas.iter().map(|replica| &replica.key))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(count: usize) -> Members {
        let channels = (0..count).map(|n| (n.to_string(), Channel::new("http://a").unwrap()));
        Members::fixed(channels.collect())
    }

    #[test]
    fn two_different_servers_are_looked_at_and_all_come_up() {
        assert_eq!(two_of(0), None);
        assert_eq!(two_of(1), Some((0, 0)));
        let mut seen = [[false; 3]; 3];
        for _ in 0..1000 {
            let (one, other) = two_of(3).unwrap();
            assert_ne!(one, other);
            seen[one][other] = true;
        }
        assert_eq!(seen.iter().flatten().filter(|seen| **seen).count(), 6);
    }

    #[test]
    fn the_server_with_fewer_calls_is_picked() {
        let members = members(2);
        let busy = members.pick(&[]).unwrap();
        busy.begin();
        for _ in 0..20 {
            assert!(!Arc::ptr_eq(&members.pick(&[]).unwrap(), &busy));
        }
    }

    #[test]
    fn a_server_that_was_missed_is_picked_only_where_nothing_else_is_left() {
        let members = members(2);
        let missed = members.pick(&[]).unwrap();
        let now = Instant::now();
        missed.missed(now, now);
        let other = members.pick(&[]).unwrap();
        assert!(!Arc::ptr_eq(&other, &missed));
        let last = members.pick(&[Arc::clone(&other)]).unwrap();
        assert!(Arc::ptr_eq(&last, &missed));
        assert!(members.pick(&[other, missed]).is_none());
    }
}
