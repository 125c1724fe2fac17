use std::error::Error;
use std::fmt;

use crate::deadline::DEADLINE_EXCEEDED;
use crate::{BoxError, Status};

/// Why a [`Channel`](super::Channel) could not be made, or could not carry a call.
///
/// Its sources say the rest. A client's call fails with `UNAVAILABLE` and all of their messages, or, where
/// a [`Status`] is among them, with that.
///
/// ```
/// use grpcweb_runtime::blocking::{Channel, ChannelPhase};
///
/// let error = Channel::new("localhost:8080").unwrap_err();
/// assert_eq!(error.phase(), ChannelPhase::Usage);
/// assert!(error.to_string().contains("http://"));
/// ```
#[derive(Debug)]
pub struct ChannelError {
    phase: ChannelPhase,
    address: String,
    message: String,
    source: Option<BoxError>,
}

/// What a [`Channel`](super::Channel) was doing when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChannelPhase {
    /// Nothing yet: the channel was made or used in a way that cannot work.
    Usage,
    /// Looking for the address of a host.
    Resolve,
    /// Connecting to the server.
    Connect,
    /// Connecting through a proxy.
    Proxy,
    /// The TLS handshake.
    Tls,
    /// Exchanging a request for a response.
    Http,
}

impl ChannelError {
    /// A mistake in how a channel is made.
    pub(super) fn usage(address: &str, message: impl Into<String>) -> Self {
        Self::new(ChannelPhase::Usage, address, message.into(), None)
    }

    /// The same, which something else noticed.
    pub(super) fn usage_because(
        address: &str,
        message: impl Into<String>,
        source: impl Into<BoxError>,
    ) -> Self {
        let source = Some(source.into());
        Self::new(ChannelPhase::Usage, address, message.into(), source)
    }

    /// A call that needs what HTTP/1.1 does not have.
    pub(super) fn needs_http2(address: &str) -> Self {
        let message = "the call needs HTTP/2, which a blocking channel does not speak";
        let status = Status::failed_precondition(format!("{message}: speak gRPC-Web over it"));
        Self::usage_because(address, message, status)
    }

    /// A call that got no response.
    pub(super) fn no_response(phase: ChannelPhase, address: &str, error: ureq::Error) -> Self {
        let message = match phase {
            ChannelPhase::Usage | ChannelPhase::Http => format!("no response from {address}"),
            ChannelPhase::Resolve => format!("cannot find the address of {address}"),
            ChannelPhase::Connect => format!("cannot connect to {address}"),
            ChannelPhase::Proxy => format!("cannot connect to {address} through the proxy"),
            ChannelPhase::Tls => format!("no TLS with {address}"),
        };
        Self::new(phase, address, message, Some(plain(error)))
    }

    fn new(phase: ChannelPhase, address: &str, message: String, source: Option<BoxError>) -> Self {
        Self {
            phase,
            address: address.to_owned(),
            message,
            source,
        }
    }

    /// What failed.
    #[must_use]
    pub fn phase(&self) -> ChannelPhase {
        self.phase
    }

    /// The server, as in `host:port`. What was given instead, where that is not a URI.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether the mistake is in how the channel is made or used, so that trying again cannot help.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        self.phase == ChannelPhase::Usage
    }
}

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ChannelError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// What an error of ureq's stands for: those of others that are in it have no sources there. The time for a
/// whole request is up at the deadline of its call.
pub(super) fn plain(error: ureq::Error) -> BoxError {
    match error {
        ureq::Error::Timeout(ureq::Timeout::Global) => {
            Status::deadline_exceeded(DEADLINE_EXCEEDED).into()
        }
        ureq::Error::Io(error) if error.get_ref().is_some() => match error.into_inner() {
            Some(inner) => inner,
            None => "an error without a reason".into(),
        },
        ureq::Error::Io(error) => error.into(),
        ureq::Error::Other(error) => error,
        error => error.into(),
    }
}
