//! What can end a call from outside: its deadline, its client, a panic.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};

use super::ahead::Pump;
use super::concurrency::Permit;
use crate::Status;
use crate::cancel::{CallContext, CancelReason, ShutdownSignal};
use crate::deadline::{DEADLINE_EXCEEDED, Timer, poll_timer};
use crate::signal::Ticket;

/// A call that has not ended. Dropped before it has, its client is gone.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) context: Arc<CallContext>,
    timer: Option<Timer>,
    pub(super) pump: Option<Pump>,
    shutdown: Ticket,
    _permit: Permit,
}

impl Running {
    pub(super) fn new(context: CallContext, permit: Permit) -> Self {
        Self {
            timer: context.deadline.map(Timer::at),
            context: Arc::new(context),
            pump: None,
            shutdown: Ticket::default(),
            _permit: permit,
        }
    }

    /// Polls what the call does, until something else ends the call.
    pub(super) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<Result<T, Status>>,
    ) -> Poll<Result<T, Status>> {
        match self.run(|| poll(cx)) {
            Ok(Poll::Pending) => match self.poll_ended(cx) {
                Poll::Ready(status) => Poll::Ready(Err(status)),
                Poll::Pending => self.poll_interrupted(cx).map(Err),
            },
            Ok(ready) => ready,
            Err(panicked) => Poll::Ready(Err(panicked)),
        }
    }

    /// Runs code of the service.
    pub(super) fn run<T>(&self, poll: impl FnOnce() -> T) -> Result<T, Status> {
        match &self.context.observed {
            Some(observed) => observed.within(poll),
            None => caught(poll),
        }
    }

    /// Ready once the call has to end.
    pub(super) fn poll_interrupted(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        if poll_timer(&mut self.timer, cx).is_ready() {
            self.context.end(CancelReason::DeadlineExceeded);
            return Poll::Ready(Status::deadline_exceeded(DEADLINE_EXCEEDED));
        }
        if let Some(status) = self
            .context
            .shutdown
            .as_ref()
            .and_then(ShutdownSignal::ended)
        {
            return Poll::Ready(self.shut_down(status));
        }
        match &self.pump {
            Some(pump) => pump.poll_gone(cx).map(|()| {
                self.context.end(CancelReason::ClientGone);
                Status::cancelled("the client went away")
            }),
            None => Poll::Pending,
        }
    }

    /// Ready once the server ends the call; wakes one that waits.
    pub(super) fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        let Some(shutdown) = &self.context.shutdown else {
            return Poll::Pending;
        };
        shutdown
            .poll_ended(&mut self.shutdown, cx)
            .map(|status| self.shut_down(status))
    }

    fn shut_down(&self, status: Status) -> Status {
        self.context.end(CancelReason::Shutdown);
        status
    }

    /// The call has ended by itself, or with what interrupted it.
    pub(super) fn end(&self, result: Result<(), &Status>) {
        self.context.decided(result);
        self.context.end(CancelReason::Ended);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(shutdown) = &self.context.shutdown {
            shutdown.leave(&self.shutdown);
        }
        self.context.end(CancelReason::ClientGone);
        self.context.abandon();
    }
}

/// Runs code of a service. What a panic says is for the server's log, which the panic hook writes, and not
/// for clients.
pub(super) fn caught<T>(run: impl FnOnce() -> T) -> Result<T, Status> {
    // What a panic left half done is dropped and never looked at again.
    catch_unwind(AssertUnwindSafe(run))
        .map_err(|_| Status::internal("the method failed unexpectedly: see the log of the server"))
}
