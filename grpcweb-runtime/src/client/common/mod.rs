//! What the channel of async clients and the one of blocking clients have in common.

mod base_uri;
mod error;
mod settings;
#[cfg(any(feature = "tls", feature = "blocking-tls"))]
mod tls;

pub(crate) use base_uri::BaseUri;
pub use error::{ChannelError, ChannelPhase};
#[cfg(any(feature = "tls", feature = "blocking-tls"))]
pub(crate) use settings::tls_setters;
pub(crate) use settings::{ConnectionSettings, connection_setters};
#[cfg(any(feature = "tls", feature = "blocking-tls"))]
pub(crate) use tls::{TlsSettings, invalid_authorities, invalid_identity};
