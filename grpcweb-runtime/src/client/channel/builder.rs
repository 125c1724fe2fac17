use std::time::Duration;

use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::balance::Balance;
use super::connector::{Connector, Route};
use super::endpoint::Endpoint;
use super::proxy::Proxy;
use super::target::Target;
#[cfg(feature = "tls")]
use super::tls::{Tls, TlsSettings};
use super::{Channel, ChannelError};

/// How long a connection may take to be made, unless set otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection is kept without a call, unless set otherwise.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(90);

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
    connect_timeout: Duration,
    pool_idle_timeout: Duration,
    use_proxy: bool,
    #[cfg(feature = "tls")]
    tls: TlsSettings,
}

impl ChannelBuilder {
    pub(super) fn new() -> Self {
        Self {
            http2_only: false,
            connect_timeout: CONNECT_TIMEOUT,
            pool_idle_timeout: POOL_IDLE_TIMEOUT,
            use_proxy: true,
            #[cfg(feature = "tls")]
            tls: TlsSettings::default(),
        }
    }

    /// Speaks HTTP/2 from the first byte on, which the server has to know. Without it: HTTP/1.1, or over
    /// TLS what the server chooses. With it over TLS, a server that does not choose HTTP/2 is an error.
    pub fn http2_prior_knowledge(mut self) -> Self {
        self.http2_only = true;
        self
    }

    /// How long a connection may take to be made, a proxy and TLS included: 10 seconds unless set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a connection is kept while no call uses it: 90 seconds unless set.
    pub fn pool_idle_timeout(mut self, timeout: Duration) -> Self {
        self.pool_idle_timeout = timeout;
        self
    }

    /// Goes to the server directly, whatever the environment says of proxies.
    pub fn no_proxy(mut self) -> Self {
        self.use_proxy = false;
        self
    }

    /// Trusts servers that this certificate authority vouches for: one certificate or more, in PEM. With
    /// it, only those that are named here are trusted, and none of the machine's or Mozilla's.
    #[cfg(feature = "tls")]
    pub fn ca_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.authorities.push(pem.into());
        self
    }

    /// Shows a certificate to servers that ask for one: the certificate with those between it and its
    /// authority, and its key, in PEM.
    #[cfg(feature = "tls")]
    pub fn client_certificate(
        mut self,
        certificates: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        self.tls.identity = Some((certificates.into(), key.into()));
        self
    }

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
        let proxy = if self.use_proxy {
            Proxy::from_env(&target)?
        } else {
            None
        };
        #[cfg(not(feature = "tls"))]
        if target.is_tls() {
            let message = "https:// needs the feature `tls-native-roots` or `tls-webpki-roots` of \
                           grpcweb-runtime, or `tls` for a certificate authority of your own";
            return Err(ChannelError::usage(address, message));
        }
        #[cfg(feature = "tls")]
        let tls = if target.is_tls() {
            Some(Tls::new(&self.tls, &target, self.http2_only)?)
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
            timeout: self.connect_timeout,
        });
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(self.pool_idle_timeout)
            .http2_only(self.http2_only);
        Ok(Endpoint::new(&builder, connector))
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
