use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::{BoxError, Status};

/// Why a channel could not be made, or could not carry a call.
///
/// Its sources say the rest. A client's call fails with `UNAVAILABLE` and all of their messages, or, where
/// a [`Status`] is among them, with that.
///
/// ```
/// # #[cfg(feature = "channel")] {
/// use grpcweb_runtime::Channel;
///
/// let error = Channel::new("localhost:8080").unwrap_err();
/// assert!(error.is_usage());
/// assert!(error.to_string().contains("http://"));
/// # }
/// ```
#[derive(Clone)]
pub struct ChannelError(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    phase: ChannelPhase,
    address: String,
    message: String,
    source: Option<BoxError>,
    unsent: bool,
}

/// What a channel was doing when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChannelPhase {
    /// Nothing yet: the channel was made or used in a way that cannot work.
    Usage,
    /// Looking for the address of a host, or for any server at all.
    Resolve,
    /// Connecting to the server.
    Connect,
    /// Connecting to a proxy, or through it.
    Proxy,
    /// The TLS handshake.
    Tls,
    /// Exchanging a request for a response.
    Http,
}

impl ChannelError {
    /// A mistake in how a channel is made.
    pub(crate) fn usage(address: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ChannelPhase::Usage, address, message, None, true)
    }

    /// The same, which something else noticed.
    pub(crate) fn usage_because(
        address: impl Into<String>,
        message: impl Into<String>,
        source: impl Into<BoxError>,
    ) -> Self {
        let source = Some(source.into());
        Self::new(ChannelPhase::Usage, address, message, source, true)
    }

    /// A call that cannot work over the channel or the server it is made over, however often it is tried.
    pub(crate) fn needs_http2(phase: ChannelPhase, address: &str, what_to_do: &str) -> Self {
        let message = format!("the call needs HTTP/2, which {address} is not reached with");
        let status = Status::failed_precondition(format!("{message}: {what_to_do}"));
        Self::new(phase, address, message, Some(status.into()), true)
    }

    /// A call whose path cannot stand in a URI.
    pub(crate) fn no_uri(address: &str, error: http::Error) -> Self {
        Self::usage_because(address, "the path of the call does not make a URI", error)
    }

    /// A server that could not be connected to. `proxy`, as in `host:port`, is the one between.
    pub(crate) fn unreachable(
        phase: ChannelPhase,
        address: &str,
        proxy: Option<&str>,
        source: BoxError,
    ) -> Self {
        let message = match (phase, proxy) {
            (ChannelPhase::Resolve, _) => format!("no address for {address}"),
            (ChannelPhase::Proxy, Some(proxy)) => {
                format!("no connection to {address} through the proxy {proxy}")
            }
            (ChannelPhase::Tls, _) => format!("no TLS connection to {address}"),
            _ => format!("no connection to {address}"),
        };
        Self::new(phase, address, message, Some(source), true)
    }

    /// A request that got no response.
    pub(crate) fn no_response(address: &str, source: BoxError, unsent: bool) -> Self {
        let message = format!("no response from {address}");
        Self::new(ChannelPhase::Http, address, message, Some(source), unsent)
    }

    /// No server that a request could be sent to.
    #[cfg(feature = "channel")]
    pub(crate) fn no_servers(message: &str) -> Self {
        Self::new(ChannelPhase::Resolve, "", message, None, true)
    }

    fn new(
        phase: ChannelPhase,
        address: impl Into<String>,
        message: impl Into<String>,
        source: Option<BoxError>,
        unsent: bool,
    ) -> Self {
        Self(Arc::new(Inner {
            phase,
            address: address.into(),
            message: message.into(),
            source,
            unsent,
        }))
    }

    /// What failed.
    #[must_use]
    pub fn phase(&self) -> ChannelPhase {
        self.0.phase
    }

    /// The server: `host:port`, or `unix:` and a path. What was given instead, where that is not a URI;
    /// empty where no server is known.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.0.address
    }

    /// Whether the mistake is in how the channel is made or used, so that trying again cannot help.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        self.0.phase == ChannelPhase::Usage
    }

    /// Whether it is certain that the server has seen nothing of the request, so that sending it again, to
    /// this server or to another, cannot do anything twice.
    #[must_use]
    pub fn is_unsent(&self) -> bool {
        self.0.unsent
    }
}

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            phase,
            address,
            message,
            source,
            unsent,
        } = &*self.0;
        f.debug_struct("ChannelError")
            .field("phase", phase)
            .field("address", address)
            .field("message", message)
            .field("unsent", unsent)
            .field("source", source)
            .finish()
    }
}

impl Error for ChannelError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
