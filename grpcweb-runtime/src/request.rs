use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Extensions;

use crate::cancel::{CallContext, Cancelled};
use crate::deadline::now;
use crate::extensions::RequestExtensions;
use crate::server::{ClientScheme, client_ip, client_scheme};
use crate::{ConnectionInfo, MetadataMap, Status, connection};

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
    extensions: RequestExtensions,
    call: Option<Arc<CallContext>>,
    timeout: Option<Duration>,
    deadline: Option<Instant>,
    idempotent: bool,
}

/// What a client sends beside the messages.
pub(crate) struct RequestHead {
    pub(crate) metadata: MetadataMap,
    pub(crate) extensions: Extensions,
    pub(crate) idempotent: bool,
    timeout: Option<Duration>,
    deadline: Option<Instant>,
}

impl RequestHead {
    /// When a call that begins now has to be over; `timeout` is for one that says nothing about it.
    pub(crate) fn begin(&mut self, timeout: Option<Duration>) -> Result<Option<Instant>, Status> {
        if self.timeout.is_none() && self.deadline.is_none() {
            self.timeout = timeout;
        }
        let timeout = self.timeout.and_then(|timeout| now().checked_add(timeout));
        let deadline = earlier(timeout, self.deadline);
        match deadline {
            Some(deadline) if deadline <= now() => Err(Status::deadline_exceeded(
                "the deadline of the call had passed before it began",
            )),
            deadline => Ok(deadline),
        }
    }
}

fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

impl Request<()> {
    /// The head of a request to a server.
    pub(crate) fn received(
        head: http::request::Parts,
        connection: Option<ConnectionInfo>,
        call: Arc<CallContext>,
    ) -> Self {
        Self {
            message: (),
            metadata: MetadataMap::from_headers(head.headers),
            extensions: RequestExtensions::received(head.extensions, connection),
            call: Some(call),
            timeout: None,
            deadline: None,
            idempotent: false,
        }
    }
}

impl<T> Request<T> {
    /// A request without metadata.
    #[must_use]
    pub fn new(message: T) -> Self {
        Self {
            message,
            metadata: MetadataMap::new(),
            extensions: RequestExtensions::default(),
            call: None,
            timeout: None,
            deadline: None,
            idempotent: false,
        }
    }

    /// The message, and the rest of what a client sends. A request that a handler passes on keeps its
    /// deadline.
    pub(crate) fn into_head(self) -> (T, RequestHead) {
        let deadline = self.deadline();
        let head = RequestHead {
            metadata: self.metadata,
            extensions: self.extensions.into_inner(),
            idempotent: self.idempotent,
            timeout: self.timeout,
            deadline,
        };
        (self.message, head)
    }

    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Request<U> {
        Request {
            message: change(self.message),
            metadata: self.metadata,
            extensions: self.extensions,
            call: self.call,
            timeout: self.timeout,
            deadline: self.deadline,
            idempotent: self.idempotent,
        }
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
        self.extensions.get()
    }

    /// The extensions, to be changed.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        self.extensions.get_mut()
    }

    /// Lets the call that is made with this request take so long, from its beginning to the last byte of
    /// the response, and no longer: it ends with `DEADLINE_EXCEEDED` then. The server is told
    /// (`grpc-timeout`).
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The same, with a point in time. Of a timeout and a deadline the earlier one counts.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Instant) -> Self {
        self.deadline = earlier(self.deadline, Some(deadline));
        self
    }

    /// Gives the call that is made with this request the deadline of another one: that which a handler
    /// makes it for.
    ///
    /// ```
    /// # use grpcweb_runtime::Request;
    /// # fn handler(incoming: Request<()>) {
    /// let request = Request::new(7_u32).with_deadline_of(&incoming);
    /// # let _ = request;
    /// # }
    /// ```
    #[must_use]
    pub fn with_deadline_of<U>(mut self, other: &Request<U>) -> Self {
        self.deadline = earlier(self.deadline, other.deadline());
        self
    }

    /// Says that the call that is made with this request may be made more than once, whatever its `.proto`
    /// file says: what a client that retries has to know.
    #[must_use]
    pub fn assume_idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// When the call has to be over, or ends with `DEADLINE_EXCEEDED`. In a handler, be it because of the
    /// client's `grpc-timeout` or of the server's own. `None` where it may go on.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let of_call = self.call.as_ref().and_then(|call| call.deadline);
        earlier(self.deadline, of_call)
    }

    /// The time until the [`deadline`](Self::deadline).
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline()
            .map(|deadline| deadline.saturating_duration_since(now()))
    }

    /// In a handler: the address that the request came from, where the server says so: `serve` does, and
    /// axum with `into_make_service_with_connect_info::<SocketAddr>()`. That of a proxy where one is in
    /// between.
    #[must_use]
    pub fn remote_addr(&self) -> Option<SocketAddr> {
        connection::remote_addr(self.extensions())
    }

    /// In a handler: the address of the client, which is not that of a proxy where
    /// [`TrustedProxies`](crate::server::TrustedProxies) are told; otherwise that of
    /// [`remote_addr`](Self::remote_addr).
    #[must_use]
    pub fn client_ip(&self) -> Option<IpAddr> {
        client_ip(self.extensions())
    }

    /// In a handler: whether the client speaks HTTP with TLS or without. That is what a proxy says where
    /// [`TrustedProxies`](crate::server::TrustedProxies) are told; otherwise
    /// [`ConnectionInfo::is_tls`](crate::ConnectionInfo::is_tls). Plain HTTP where the server says nothing.
    #[must_use]
    pub fn client_scheme(&self) -> ClientScheme {
        client_scheme(self.extensions())
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
