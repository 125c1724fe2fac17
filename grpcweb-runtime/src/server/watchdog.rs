//! Deadlines of streams whose client does not read: nobody asks for the body then, and so nobody looks at the
//! clock.

use std::time::Instant;

use super::stream_body::Slot;

/// Ends a stream at its deadline, until it is dropped.
#[cfg(feature = "tokio")]
pub(super) struct Watchdog(tokio::task::AbortHandle);

#[cfg(feature = "tokio")]
impl Watchdog {
    pub(super) fn start(stream: &Slot, deadline: Instant) -> Option<Self> {
        let runtime = tokio::runtime::Handle::try_current().ok()?;
        let stream = stream.clone();
        let task = runtime.spawn(async move {
            tokio::time::sleep_until(deadline.into()).await;
            stream.expire();
        });
        Some(Self(task.abort_handle()))
    }
}

#[cfg(feature = "tokio")]
impl Drop for Watchdog {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// There is nothing to wait with.
#[cfg(not(feature = "tokio"))]
pub(super) struct Watchdog;

#[cfg(not(feature = "tokio"))]
impl Watchdog {
    pub(super) fn start(_: &Slot, _: Instant) -> Option<Self> {
        None
    }
}
