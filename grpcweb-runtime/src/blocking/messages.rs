use std::fmt;
use std::iter::FusedIterator;

use super::block_on::block_on;
use crate::{MetadataMap, Status, Streaming};

/// The messages of a response, each as it arrives: `next` waits for it.
///
/// An error is yielded once, after every message before it, and is the end. What is dropped before its end
/// is broken off.
///
/// ```no_run
/// # use grpcweb_runtime::{Response, Status, blocking::Messages};
/// # fn read(response: Response<Messages<u32>>) -> Result<(), Status> {
/// let mut messages = response.into_inner();
/// for message in &mut messages {
///     println!("{}", message?);
/// }
/// println!("{:?}", messages.trailers());
/// # Ok(())
/// # }
/// ```
#[must_use = "messages are not read unless they are asked for"]
pub struct Messages<T>(Streaming<T>);

impl<T> Messages<T> {
    pub(super) fn new(messages: Streaming<T>) -> Self {
        Self(messages)
    }

    /// The next message; `None` after the last one.
    ///
    /// # Errors
    ///
    /// The status that the call ended with, after every message before it. Calling again returns the
    /// same.
    pub fn message(&mut self) -> Result<Option<T>, Status> {
        block_on(self.0.message())
    }

    /// The trailing metadata that the server sent, with its status where the call failed. Empty until
    /// the messages have ended.
    #[must_use]
    pub fn trailers(&self) -> &MetadataMap {
        self.0.trailers()
    }
}

impl<T> Iterator for Messages<T> {
    type Item = Result<T, Status>;

    fn next(&mut self) -> Option<Self::Item> {
        block_on(std::future::poll_fn(|cx| self.0.poll_message(cx)))
    }
}

impl<T> FusedIterator for Messages<T> {}

impl<T> fmt::Debug for Messages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messages").finish_non_exhaustive()
    }
}
