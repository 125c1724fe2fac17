use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::ServingStatus;

/// What is known about each service, and who waits for it to change.
#[derive(Debug, Default)]
pub(super) struct Statuses(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    services: BTreeMap<String, ServingStatus>,
    shut_down: bool,
    watchers: BTreeMap<u64, Watcher>,
    next_watcher: u64,
}

#[derive(Debug)]
struct Watcher {
    service: Arc<str>,
    waker: Waker,
}

/// What one who waits is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    Status(ServingStatus),
    ShutDown,
}

/// The place of one who waits.
#[derive(Debug, Default)]
pub(super) struct Ticket(Option<u64>);

impl Statuses {
    pub(super) fn get(&self, service: &str) -> Option<ServingStatus> {
        self.inner().services.get(service).copied()
    }

    pub(super) fn all(&self) -> Vec<(String, ServingStatus)> {
        let inner = self.inner();
        let services = inner.services.iter();
        services
            .map(|(name, status)| (name.clone(), *status))
            .collect()
    }

    /// Sets the status of a service, or forgets it. Does nothing once shut down.
    pub(super) fn set(&self, service: &str, status: ServingStatus) {
        let mut inner = self.inner();
        if inner.shut_down {
            return;
        }
        if status == ServingStatus::ServiceUnknown {
            inner.services.remove(service);
        } else {
            inner.services.insert(service.to_owned(), status);
        }
        let wakers = inner.take_wakers(|watched| watched == service);
        drop(inner);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Sets the status of all services that there are.
    pub(super) fn set_all(&self, status: ServingStatus, shut_down: bool) {
        let mut inner = self.inner();
        inner.shut_down = shut_down;
        for of_service in inner.services.values_mut() {
            *of_service = status;
        }
        let wakers = inner.take_wakers(|_| true);
        drop(inner);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// What differs from `known`; the waker is kept until there is something.
    pub(super) fn poll(
        &self,
        service: &Arc<str>,
        known: Option<ServingStatus>,
        ticket: &mut Ticket,
        cx: &mut Context<'_>,
    ) -> Poll<News> {
        let mut inner = self.inner();
        if inner.shut_down {
            return Poll::Ready(News::ShutDown);
        }
        let status = inner.services.get(&**service).copied();
        let status = status.unwrap_or(ServingStatus::ServiceUnknown);
        if known != Some(status) {
            return Poll::Ready(News::Status(status));
        }
        let id = *ticket.0.get_or_insert_with(|| {
            inner.next_watcher += 1;
            inner.next_watcher
        });
        let watcher = Watcher {
            service: Arc::clone(service),
            waker: cx.waker().clone(),
        };
        inner.watchers.insert(id, watcher);
        Poll::Pending
    }

    /// Forgets one who waits no longer.
    pub(super) fn leave(&self, ticket: &Ticket) {
        if let Some(id) = ticket.0 {
            self.inner().watchers.remove(&id);
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// To be woken without the lock: a waker is code of others.
    fn take_wakers(&mut self, watched: impl Fn(&str) -> bool) -> Vec<Waker> {
        let (woken, waiting): (BTreeMap<_, _>, _) = std::mem::take(&mut self.watchers)
            .into_iter()
            .partition(|(_, watcher)| watched(&watcher.service));
        self.watchers = waiting;
        woken.into_values().map(|watcher| watcher.waker).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_leaves_is_forgotten() {
        let statuses = Statuses::default();
        let mut ticket = Ticket::default();
        let mut cx = Context::from_waker(Waker::noop());
        let unknown = Some(ServingStatus::ServiceUnknown);
        for _ in 0..2 {
            let polled = statuses.poll(&"a".into(), unknown, &mut ticket, &mut cx);
            assert!(polled.is_pending());
            assert_eq!(statuses.inner().watchers.len(), 1);
        }
        statuses.leave(&ticket);
        assert!(statuses.inner().watchers.is_empty());
    }

    #[test]
    fn only_those_are_woken_whose_service_changes() {
        let statuses = Statuses::default();
        let mut cx = Context::from_waker(Waker::noop());
        let unknown = Some(ServingStatus::ServiceUnknown);
        for service in ["a", "b"] {
            let polled = statuses.poll(&service.into(), unknown, &mut Ticket::default(), &mut cx);
            assert!(polled.is_pending());
        }
        statuses.set("a", ServingStatus::Serving);
        let inner = statuses.inner();
        let waiting: Vec<_> = inner.watchers.values().map(|it| &it.service[..]).collect();
        assert_eq!(waiting, ["b"]);
    }
}
