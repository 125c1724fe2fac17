use super::balance::Balance;
use super::connector::{Connector, Route};
use super::endpoint::Endpoint;
use super::pool::Pool;
use super::proxy::Proxy;
use super::target::Target;
#[cfg(feature = "tls")]
use super::tls::Tls;
use super::{Channel, ChannelError};
#[cfg(feature = "tls")]
use crate::client::common::tls_setters;
use crate::client::common::{ConnectionSettings, connection_setters};

/// Settings for a [`Channel`].
///
/// ```
/// use std::time::Duration;
/// use grpcweb_runtime::Channel;
///
/// # fn main() -> Result<(), grpcweb_runtime::client::ChannelError> {
/// let channel = Channel::builder()
///     .http2_prior_knowledge()
///     .connect_timeout(Duration::from_secs(2))
///     .build("http://127.0.0.1:8080")?;
/// # let _ = channel;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "settings do nothing until a channel is built with them"]
pub struct ChannelBuilder {
    http2_only: bool,
    connection: ConnectionSettings,
}

impl ChannelBuilder {
    pub(super) fn new() -> Self {
        Self {
            http2_only: false,
            connection: ConnectionSettings::default(),
        }
    }

    /// Speaks HTTP/2 from the first byte on, which the server has to know. Without it: HTTP/1.1, or over
    /// TLS what the server chooses. With it over TLS, a server that does not choose HTTP/2 is an error.
    pub fn http2_prior_knowledge(mut self) -> Self {
        self.http2_only = true;
        self
    }

    connection_setters!();
    #[cfg(feature = "tls")]
    tls_setters!();

    /// Makes the channel to the server at a URI.
    ///
    /// # Errors
    ///
    /// As [`Channel::new`], and where a certificate or a key is not one.
    pub fn build(self, uri: &str) -> Result<Channel, ChannelError> {
        self.endpoint(uri).map(Channel::to)
    }

    /// Makes one channel to several servers: see [`Channel::balanced`].
    ///
    /// # Errors
    ///
    /// As [`ChannelBuilder::build`], for each URI, and where there is none.
    pub fn build_balanced<U: AsRef<str>>(
        self,
        uris: impl IntoIterator<Item = U>,
    ) -> Result<Channel, ChannelError> {
        let mut channels = Vec::new();
        for uri in uris {
            let uri = uri.as_ref();
            channels.push((uri.to_owned(), self.endpoint(uri).map(Channel::to)?));
        }
        if channels.is_empty() {
            return Err(ChannelError::usage("", "no URI to balance calls over"));
        }
        Ok(Channel::over(Balance::fixed(channels)))
    }

    fn endpoint(&self, uri: &str) -> Result<Endpoint, ChannelError> {
        let target = Target::parse(uri)?;
        let address = target.address();
        let proxy = if self.connection.use_proxy {
            Proxy::from_env(&target)?
        } else {
            None
        };
        #[cfg(not(feature = "tls"))]
        if target.base.is_tls() {
            let message = "https:// needs the feature `tls-native-roots` or `tls-webpki-roots` of \
                           grpcweb-runtime, or `tls` for a certificate authority of your own";
            return Err(ChannelError::usage(address, message));
        }
        #[cfg(feature = "tls")]
        let tls = if target.base.is_tls() {
            Some(Tls::new(&self.connection.tls, &target, self.http2_only)?)
        } else {
            None
        };
        let connector = Connector::new(Route {
            target,
            address,
            proxy,
            #[cfg(feature = "tls")]
            tls,
            http2_only: self.http2_only,
            timeout: self.connection.connect_timeout,
        });
        Endpoint::new(connector, Pool::new(self.connection.pool_idle_timeout))
    }
}

#[cfg(all(
    test,
    not(any(feature = "tls-native-roots", feature = "tls-webpki-roots"))
))]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn what_tls_lacks_is_said_with_the_features_that_bring_it() {
        let error = Channel::new("https://host").unwrap_err();
        assert!(error.is_usage(), "{error:?}");
        let reason = error.source().map(ToString::to_string).unwrap_or_default();
        let message = format!("{error} {reason}");
        for feature in ["`tls-native-roots`", "`tls-webpki-roots`"] {
            assert!(message.contains(feature), "{message}");
        }
        assert_eq!(
            message.contains("`tls`"),
            cfg!(not(feature = "tls")),
            "{message}"
        );
    }
}
