//! How a handler learns that nobody waits for its answer any more.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use crate::Status;
use crate::server::{Direction, Ending, Observed};
use crate::signal::{Signal, Ticket};

/// Why a call is over for whoever still works on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CancelReason {
    /// The client went away, or gave up the call.
    ClientGone,
    /// The deadline of the call passed.
    DeadlineExceeded,
    /// The server is shutting down, or the call ran on when its connection had reached its greatest age and the
    /// time after that was over. At a shutdown, the call may still end by itself.
    Shutdown,
    /// The call has ended: its answer is complete.
    Ended,
}

impl CancelReason {
    const fn number(self) -> u8 {
        match self {
            Self::ClientGone => 1,
            Self::DeadlineExceeded => 2,
            Self::Shutdown => 3,
            Self::Ended => 4,
        }
    }

    fn of_number(number: u8) -> Self {
        match number {
            1 => Self::ClientGone,
            2 => Self::DeadlineExceeded,
            3 => Self::Shutdown,
            _ => Self::Ended,
        }
    }
}

/// What a server knows of a call while it runs.
#[derive(Debug, Default)]
pub(crate) struct CallContext {
    pub(crate) deadline: Option<Instant>,
    over: Signal,
    pub(crate) shutdown: Option<ShutdownSignal>,
    pub(crate) observed: Option<Box<Observed>>,
}

impl CallContext {
    pub(crate) fn new(
        deadline: Option<Instant>,
        shutdown: Option<ShutdownSignal>,
        observed: Option<Box<Observed>>,
    ) -> Self {
        Self {
            deadline,
            over: Signal::default(),
            shutdown,
            observed,
        }
    }

    /// The call is over for whoever works on it. The first reason counts.
    pub(crate) fn end(&self, reason: CancelReason) {
        self.over.set(reason.number());
    }

    /// Tells observers of a message.
    pub(crate) fn message(&self, direction: Direction, len: usize) {
        if let Some(observed) = &self.observed {
            observed.message(direction, len);
        }
    }

    /// What the call ends with, for observers.
    pub(crate) fn decided(&self, result: Result<(), &Status>) {
        if let Some(observed) = &self.observed {
            observed.decided(result);
        }
    }

    /// Tells observers that nobody will say how the call ended, where that is so.
    pub(crate) fn abandon(&self) {
        if self.observed.as_ref().is_some_and(|it| !it.is_decided()) {
            self.finish(false);
        }
    }

    /// Tells observers that the call is over: its response has been `delivered` to the transport, or never
    /// will be.
    pub(crate) fn finish(&self, delivered: bool) {
        if let Some(observed) = &self.observed {
            observed.finish(match self.over.get().map(CancelReason::of_number) {
                Some(CancelReason::DeadlineExceeded) => Ending::DeadlineExceeded,
                Some(CancelReason::Shutdown) => Ending::Shutdown,
                Some(CancelReason::Ended) if delivered => Ending::Complete,
                _ => Ending::ClientGone,
            });
        }
    }
}

/// Tells the calls of a connection that it is to end: first that they should, then that they have to.
#[derive(Debug, Clone, Default)]
pub(crate) struct ShutdownSignal(Arc<Stages>);

#[derive(Debug, Default)]
struct Stages {
    announced: Signal,
    ended: Signal,
}

/// Why calls have to end that would not by themselves.
#[cfg(feature = "serve")]
#[derive(Debug, Clone, Copy)]
pub(crate) enum ForcedEnd {
    Shutdown = 1,
    MaxAge = 2,
}

impl ShutdownSignal {
    /// Tells calls that the server is shutting down. They go on.
    #[cfg(feature = "serve")]
    pub(crate) fn announce(&self) {
        self.0.announced.set(CancelReason::Shutdown.number());
    }

    /// Ready once it is announced.
    #[cfg(feature = "serve")]
    pub(crate) fn poll_announced(&self, ticket: &mut Ticket, cx: &mut Context<'_>) -> Poll<()> {
        self.0.announced.poll(ticket, cx).map(|_| ())
    }

    /// Ends the calls.
    #[cfg(feature = "serve")]
    pub(crate) fn end(&self, why: ForcedEnd) {
        self.0.ended.set(why as u8);
    }

    /// What the calls end with, if they have to.
    pub(crate) fn ended(&self) -> Option<Status> {
        self.0.ended.get().map(Self::status)
    }

    pub(crate) fn poll_ended(&self, ticket: &mut Ticket, cx: &mut Context<'_>) -> Poll<Status> {
        self.0.ended.poll(ticket, cx).map(Self::status)
    }

    /// Forgets one who waits no longer for the end.
    pub(crate) fn leave(&self, ticket: &Ticket) {
        self.0.ended.leave(ticket);
    }

    fn status(why: u8) -> Status {
        #[cfg(feature = "serve")]
        if why == ForcedEnd::MaxAge as u8 {
            return Status::unavailable("the connection has reached its greatest age");
        }
        let _ = why;
        Status::unavailable("the server is shutting down")
    }
}

/// A future that is done when a call is over: see [`Request::cancelled`](crate::Request::cancelled).
///
/// It can be moved to another task. A call that was not made by a server is never over.
#[must_use = "futures do nothing unless polled"]
pub struct Cancelled {
    call: Option<Arc<CallContext>>,
    over: Ticket,
    shutdown: Ticket,
}

impl Cancelled {
    pub(crate) fn new(call: Option<Arc<CallContext>>) -> Self {
        Self {
            call,
            over: Ticket::default(),
            shutdown: Ticket::default(),
        }
    }
}

impl Future for Cancelled {
    type Output = CancelReason;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CancelReason> {
        let this = &mut *self;
        let Some(call) = &this.call else {
            return Poll::Pending;
        };
        if let Poll::Ready(number) = call.over.poll(&mut this.over, cx) {
            return Poll::Ready(CancelReason::of_number(number));
        }
        match &call.shutdown {
            Some(ShutdownSignal(stages)) => stages
                .announced
                .poll(&mut this.shutdown, cx)
                .map(CancelReason::of_number),
            None => Poll::Pending,
        }
    }
}

impl Drop for Cancelled {
    fn drop(&mut self) {
        if let Some(call) = &self.call {
            call.over.leave(&self.over);
            if let Some(ShutdownSignal(stages)) = &call.shutdown {
                stages.announced.leave(&self.shutdown);
            }
        }
    }
}

impl fmt::Debug for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cancelled(..)")
    }
}
