use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Extensions;

use crate::MetadataMap;
use crate::cancel::{CallContext, Cancelled};

/// A request message, or a stream of them, with what travels beside it.
///
/// ```
/// use grpcweb_runtime::Request;
///
/// let mut request = Request::new("hello".to_string());
/// request.metadata_mut().insert("authorization", "Bearer abc")?;
///
/// assert_eq!(request.get_ref(), "hello");
/// assert_eq!(request.metadata().get("authorization"), Some("Bearer abc"));
/// # Ok::<(), grpcweb_runtime::InvalidMetadata>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Request<T> {
    message: T,
    metadata: MetadataMap,
    extensions: Extensions,
    call: Option<Arc<CallContext>>,
}

impl<T> Request<T> {
    /// A request without metadata.
    #[must_use]
    pub fn new(message: T) -> Self {
        Self::from_parts(message, MetadataMap::new(), Extensions::new())
    }

    pub(crate) fn from_parts(message: T, metadata: MetadataMap, extensions: Extensions) -> Self {
        Self {
            message,
            metadata,
            extensions,
            call: None,
        }
    }

    pub(crate) fn in_call(mut self, call: Arc<CallContext>) -> Self {
        self.call = Some(call);
        self
    }

    pub(crate) fn into_parts(self) -> (T, MetadataMap, Extensions) {
        (self.message, self.metadata, self.extensions)
    }

    /// The message.
    #[must_use]
    pub fn get_ref(&self) -> &T {
        &self.message
    }

    /// The message, to be changed.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.message
    }

    /// The message alone.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.message
    }

    /// The metadata: in a handler, the headers of the HTTP request.
    #[must_use]
    pub fn metadata(&self) -> &MetadataMap {
        &self.metadata
    }

    /// The metadata, to be changed.
    pub fn metadata_mut(&mut self) -> &mut MetadataMap {
        &mut self.metadata
    }

    /// The extensions of the HTTP request, where layers put what they know (axum's `ConnectInfo`, a
    /// session, a user). A client hands them to its transport; they do not travel.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The extensions, to be changed.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.extensions
    }

    /// In a handler: when the call ends with `DEADLINE_EXCEEDED`, be it because of the client's
    /// `grpc-timeout` or of the server's own. `None` where it may go on.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.call.as_ref().and_then(|call| call.deadline)
    }

    /// In a handler: the time until the [`deadline`](Self::deadline).
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline()
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// In a handler: a future that is done once nobody waits for the answer any more, or the answer is
    /// complete.
    ///
    /// The handler itself needs none, nor does the stream that it returns: they are dropped then. It is
    /// for work that was given to other tasks.
    ///
    /// ```
    /// # use grpcweb_runtime::{CancelReason, Request};
    /// # async fn compute() {}
    /// # fn handler(request: Request<()>) {
    /// let cancelled = request.cancelled();
    /// tokio::spawn(async move {
    ///     tokio::select! {
    ///         () = compute() => {}
    ///         reason = cancelled => println!("stopped: {reason:?}"),
    ///     }
    /// });
    /// # }
    /// ```
    pub fn cancelled(&self) -> Cancelled {
        Cancelled::new(self.call.clone())
    }
}

/// What a client takes as a request: a message, or a [`Request`] with one.
pub trait IntoRequest<T> {
    /// Wraps a bare message.
    fn into_request(self) -> Request<T>;
}

impl<T> IntoRequest<T> for T {
    fn into_request(self) -> Request<T> {
        Request::new(self)
    }
}

impl<T> IntoRequest<T> for Request<T> {
    fn into_request(self) -> Request<T> {
        self
    }
}
