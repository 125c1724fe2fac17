//! The connections that there are.

use std::collections::HashMap;
use std::future::Future;
use std::task::{Context, Poll, ready};

use tokio::task::{Id, JoinError, JoinSet};

use crate::cancel::{ForcedEnd, ShutdownSignal};

/// The tasks of the connections. Dropped, it ends them.
#[derive(Default)]
pub(super) struct Connections {
    tasks: JoinSet<()>,
    /// How each is told that it is to end, where that may come.
    signals: HashMap<Id, ShutdownSignal>,
}

impl Connections {
    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    pub(super) fn spawn(
        &mut self,
        connection: impl Future<Output = ()> + Send + 'static,
        signal: Option<ShutdownSignal>,
    ) {
        let task = self.tasks.spawn(connection);
        if let Some(signal) = signal {
            self.signals.insert(task.id(), signal);
        }
    }

    /// Clears away those that have ended; ready where there are none.
    pub(super) fn poll_none(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(ended) = ready!(self.tasks.poll_join_next_with_id(cx)) {
            let id = match ended {
                Ok((id, ())) => id,
                Err(error) => JoinError::id(&error),
            };
            self.signals.remove(&id);
        }
        Poll::Ready(())
    }

    /// Tells them that the server is shutting down.
    pub(super) fn announce_shutdown(&self) {
        self.signals.values().for_each(ShutdownSignal::announce);
    }

    /// Ends their calls.
    pub(super) fn end_calls(&self) {
        for signal in self.signals.values() {
            signal.end(ForcedEnd::Shutdown);
        }
    }

    /// Closes what is left.
    pub(super) async fn close(mut self) {
        self.tasks.shutdown().await;
    }
}
