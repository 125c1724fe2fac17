use std::collections::HashMap;

use tokio::sync::watch;

/// What is known of each topic, to be waited for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Board {
    topics: watch::Sender<HashMap<String, Topic>>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Topic {
    /// How many items a feed may have made.
    pub(crate) released: u64,
    /// How many items have come in.
    pub(crate) seen: u64,
    /// Whether the call is over, and whether it was by itself.
    pub(crate) ended: Option<bool>,
}

impl Board {
    pub(crate) fn change(&self, name: &str, change: impl FnOnce(&mut Topic)) {
        self.topics
            .send_modify(|topics| change(topics.entry(name.to_owned()).or_default()));
    }

    /// Waits until `reached` finds something about a topic.
    pub(crate) async fn wait_for<T>(&self, name: &str, reached: impl Fn(&Topic) -> Option<T>) -> T {
        let mut topics = self.topics.subscribe();
        loop {
            let found = topics.borrow_and_update().get(name).and_then(&reached);
            if let Some(found) = found {
                return found;
            }
            topics
                .changed()
                .await
                .expect("`self` has the sender, and keeps it");
        }
    }

    /// A call of a topic, which is over when this is dropped.
    pub(crate) fn call(&self, name: &str) -> Call {
        Call {
            board: self.clone(),
            name: name.to_owned(),
            by_itself: false,
        }
    }
}

pub(crate) struct Call {
    board: Board,
    pub(crate) name: String,
    by_itself: bool,
}

impl Call {
    pub(crate) fn end(mut self) {
        self.by_itself = true;
    }

    pub(crate) fn saw_one(&self) {
        self.board.change(&self.name, |topic| topic.seen += 1);
    }

    pub(crate) async fn released(&self, items: u64) {
        self.board
            .wait_for(&self.name, |topic| (topic.released >= items).then_some(()))
            .await;
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.board
            .change(&self.name, |topic| topic.ended = Some(self.by_itself));
    }
}
