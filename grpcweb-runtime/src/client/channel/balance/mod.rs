//! Several servers behind one channel.

mod load;
mod loan;
mod members;
mod replica;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

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
            // Boxed, as the channel may be one to several servers itself.
            let sent = Box::pin(replica.channel.clone().send(lent)).await;
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
            match loan.take_back() {
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

/// All went between the moment one was known and the choice.
fn none_left() -> ChannelError {
    ChannelError::no_servers("no server is left to send the call to")
}

impl fmt::Debug for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.members.fmt(f)
    }
}
