//! A call that observers watch.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::observer::{CallObserver, Direction, Ending, Observers, Outcome, StartedCall, Traffic};
use super::running::caught;
use crate::Status;
use crate::deadline::now;

/// The observers of a call, and what they are told at its end.
pub(crate) struct Observed {
    started: Instant,
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    /// None once they have been told of the end: whoever holds the call any longer does not hold them.
    observers: Option<Observing>,
    received: Traffic,
    sent: Traffic,
    result: Option<Result<(), Status>>,
    panicked: bool,
}

/// Shared, so that they are told of something without the lock.
type Observing = Arc<[Box<dyn CallObserver>]>;

impl Observed {
    /// Tells the observers of a call; `None` where there are none.
    pub(super) fn start(observers: &Observers, call: &StartedCall<'_>) -> Option<Box<Self>> {
        if observers.is_empty() {
            return None;
        }
        let started = now();
        let observers: Vec<_> = observers
            .iter()
            .filter_map(|observer| caught(|| observer.started(call)).ok())
            .collect();
        Some(Box::new(Self {
            started,
            progress: Mutex::new(Progress {
                observers: Some(observers.into()),
                ..Progress::default()
            }),
        }))
    }

    pub(crate) fn message(&self, direction: Direction, len: usize) {
        let mut progress = self.progress();
        let Some(observers) = progress.observers.clone() else {
            return;
        };
        let traffic = match direction {
            Direction::Received => &mut progress.received,
            Direction::Sent => &mut progress.sent,
        };
        traffic.messages += 1;
        traffic.bytes += u64::try_from(len).unwrap_or(u64::MAX);
        drop(progress);
        tell(&observers, |observer| observer.message(direction, len));
    }

    /// Runs code of the call.
    pub(super) fn within<T>(&self, run: impl FnOnce() -> T) -> Result<T, Status> {
        let observers = self.progress().observers.clone().unwrap_or_default();
        let mut run = Some(run);
        let mut result = None;
        // A panic of the code does not get this far; that of an observer is for the panic hook.
        let _ = caught(|| {
            nested(&observers, &mut || {
                if let Some(run) = run.take() {
                    result = Some(caught(run));
                }
            });
        });
        let result = match (result, run) {
            (Some(result), _) => result,
            (None, Some(run)) => caught(run),
            (None, None) => return Err(Status::internal("the call was not run to its end")),
        };
        if result.is_err() {
            self.progress().panicked = true;
        }
        result
    }

    /// What the call ends with: the first to say so is right.
    pub(crate) fn decided(&self, result: Result<(), &Status>) {
        let result = result.map_err(Clone::clone);
        self.progress().result.get_or_insert(result);
    }

    /// Whether it is known what the call ends with.
    pub(crate) fn is_decided(&self) -> bool {
        self.progress().result.is_some()
    }

    /// The call is over, unless it was before. `ending` is for one that did not panic.
    pub(crate) fn finish(&self, ending: Ending) {
        let mut progress = self.progress();
        let Some(observers) = progress.observers.take() else {
            return;
        };
        let result = progress.result.take().unwrap_or_else(|| {
            Err(Status::cancelled(
                "the client went away before the call had ended",
            ))
        });
        let outcome = Outcome {
            result,
            ending: if progress.panicked {
                Ending::Panicked
            } else {
                ending
            },
            duration: now().saturating_duration_since(self.started),
            received: progress.received,
            sent: progress.sent,
        };
        drop(progress);
        tell(&observers, |observer| observer.finished(&outcome));
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tell(observers: &Observing, tell: impl Fn(&dyn CallObserver)) {
    for observer in observers.iter() {
        let _ = caught(|| tell(&**observer));
    }
}

fn nested(observers: &[Box<dyn CallObserver>], poll: &mut dyn FnMut()) {
    match observers.split_first() {
        Some((first, rest)) => first.within(&mut || nested(rest, poll)),
        None => poll(),
    }
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observed(..)")
    }
}
