//! Several servers behind one channel.

mod load;
mod loan;
mod members;
mod replica;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Request, Response};

use super::outgoing::Outgoing;
use super::{Channel, ChannelError};
use crate::Body;
use load::Load;
use loan::Loan;
use members::{Changes, Members};
use replica::Replica;

pub use members::Change;

/// Servers that do the same, and the choice between them.
pub(super) struct Balance {
    members: Members,
}

impl Balance {
    pub(super) fn fixed(channels: Vec<(String, Channel)>) -> Self {
        let members = Members::fixed(channels);
        Self { members }
    }

    pub(super) fn discovered(changes: Changes) -> Self {
        let members = Members::discovered(changes);
        Self { members }
    }

    pub(super) async fn send(
        &self,
        mut request: Request<Outgoing>,
    ) -> Result<Response<Body>, ChannelError> {
        self.members.known().await?;
        let mut tried = Vec::new();
        let mut failed = None;
        while let Some(replica) = self.members.pick(&tried) {
            let began = Instant::now();
            let load = Load::new(Arc::clone(&replica));
            let (lent, loan) = Loan::of(request);
            let mut waiting = Waiting {
                replica: &replica,
                loan: Some(loan),
                began,
            };
            // Boxed, as the channel may be one to several servers itself.
            let sent = Box::pin(replica.channel.clone().send(lent)).await;
            let loan = waiting.loan.take();
            drop(waiting);
            let error = match sent {
                Ok(response) => {
                    replica.reached();
                    return Ok(load.until_the_end_of(response));
                }
                Err(error) => error,
            };
            if !error.is_unsent() {
                replica.reached();
            }
            if error.is_usage() || !error.is_unsent() {
                return Err(error);
            }
            replica.missed(began, Instant::now());
            match loan.and_then(Loan::take_back) {
                Some(unsent) => request = unsent,
                None => return Err(error),
            }
            tried.push(replica);
            failed = Some(error);
        }
        Err(failed.unwrap_or_else(none_left))
    }

    pub(super) async fn connect(&self) -> Result<(), ChannelError> {
        self.members.known().await?;
        let mut tried: Vec<Arc<Replica>> = Vec::new();
        let mut failed = None;
        while let Some(replica) = self.members.pick(&tried) {
            let began = Instant::now();
            match Box::pin(replica.channel.connect()).await {
                Ok(()) => {
                    replica.reached();
                    return Ok(());
                }
                Err(error) => failed = Some(error),
            }
            replica.missed(began, Instant::now());
            tried.push(replica);
        }
        Err(failed.unwrap_or_else(none_left))
    }
}

/// How long a server may take to be connected to before one whose caller gave up counts as one that could
/// not be.
const SLOW: Duration = Duration::from_secs(1);

/// A call that a server has not taken. A caller that gives it up may have waited for a server that is not
/// there: a deadline that is shorter than the time to connect must not keep that from being noticed.
struct Waiting<'a> {
    replica: &'a Replica,
    loan: Option<Loan>,
    began: Instant,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        if self.loan.as_ref().is_some_and(Loan::is_whole)
            && now.saturating_duration_since(self.began) >= SLOW
        {
            self.replica.missed(self.began, now);
        }
    }
}

/// All went between the moment one was known and the choice.
fn none_left() -> ChannelError {
    ChannelError::no_servers("no server is left to send the call to")
}

impl fmt::Debug for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.members.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given_up_after(time: Duration, taken: bool) -> bool {
        let channel = Channel::new("http://127.0.0.1:9").unwrap();
        let replica = Replica::new("a".to_owned(), channel);
        let request = Request::new(Outgoing::Owned(Body::full("body")));
        let (_lent, loan) = Loan::of(request);
        let now = Instant::now();
        if taken {
            loan.take();
        }
        drop(Waiting {
            replica: &replica,
            loan: Some(loan),
            began: now.checked_sub(time).unwrap(),
        });
        replica.rests(now).is_some()
    }

    #[tokio::test]
    async fn a_server_that_took_nothing_until_the_caller_gave_up_is_left_alone() {
        assert!(given_up_after(2 * SLOW, false));
        assert!(!given_up_after(2 * SLOW, true));
        assert!(!given_up_after(Duration::ZERO, false));
    }
}
