use std::collections::HashMap;

use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::watch;

/// The metadata by which a call can be asked about, with any value.
pub const CALL_ID: &str = "x-interop-call-id";

/// How far a call has come that streams to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Running,
    Ended,
    /// Dropped before its end.
    Cancelled,
}

impl State {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "running" => Some(Self::Running),
            "ended" => Some(Self::Ended),
            "cancelled" => Some(Self::Cancelled),
            _ => None,
        }
    }
}

/// The calls that stream to the client, by the ids that clients gave them.
#[derive(Debug, Clone, Default)]
pub struct Calls {
    states: watch::Sender<HashMap<String, State>>,
}

impl Calls {
    /// Waits until the call has come to a state.
    pub(crate) async fn reached(&self, id: &str, state: State) {
        let mut states = self.states.subscribe();
        // Fails only without a sender, and `self` has one.
        let _ = states
            .wait_for(|states| states.get(id) == Some(&state))
            .await;
    }

    /// The messages of a call; where it has an id, its state is kept up to date.
    pub(crate) fn watch<S: Stream>(
        &self,
        id: Option<String>,
        messages: S,
    ) -> impl Stream<Item = S::Item> + use<S> {
        let call = id.map(|id| Call::begin(self.clone(), id));
        let end = stream::once(async move {
            if let Some(call) = call {
                call.end();
            }
        });
        messages.chain(end.filter_map(async |()| None))
    }
}

/// A call that is running.
struct Call {
    calls: Calls,
    id: String,
    /// The state that it is in once this is dropped.
    last: State,
}

impl Call {
    fn begin(calls: Calls, id: String) -> Self {
        let call = Self {
            calls,
            id,
            last: State::Cancelled,
        };
        call.set(State::Running);
        call
    }

    fn end(mut self) {
        self.last = State::Ended;
    }

    fn set(&self, state: State) {
        self.calls.states.send_modify(|states| {
            states.insert(self.id.clone(), state);
        });
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.set(self.last);
    }
}
