use std::time::Duration;

use ureq::Agent;
use ureq::config::AutoHeaderValue;

use super::connector::{Later, connector};
use super::target::Target;
#[cfg(feature = "blocking-tls")]
use super::tls::TlsSettings;
use super::{Channel, ChannelError};

/// How long a connection may take to be made, unless set otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection is kept without a call, unless set otherwise.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// How many connections are kept: as many threads may share a channel without connecting anew.
const MAX_IDLE: usize = 64;

/// Settings for a [`Channel`].
///
/// ```
/// use std::time::Duration;
/// use grpcweb_runtime::blocking::Channel;
///
/// # fn main() -> Result<(), grpcweb_runtime::blocking::ChannelError> {
/// let channel = Channel::builder()
///     .connect_timeout(Duration::from_secs(2))
///     .build("http://127.0.0.1:8080")?;
/// # let _ = channel;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "settings do nothing until a channel is built with them"]
pub struct ChannelBuilder {
    connect_timeout: Duration,
    pool_idle_timeout: Duration,
    use_proxy: bool,
    #[cfg(feature = "blocking-tls")]
    tls: TlsSettings,
}

impl Default for ChannelBuilder {
    fn default() -> Self {
        Self {
            connect_timeout: CONNECT_TIMEOUT,
            pool_idle_timeout: POOL_IDLE_TIMEOUT,
            use_proxy: true,
            #[cfg(feature = "blocking-tls")]
            tls: TlsSettings::default(),
        }
    }
}

impl ChannelBuilder {
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
    /// it, only those that are named here are trusted, and none of Mozilla's.
    #[cfg(feature = "blocking-tls")]
    pub fn ca_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.authorities.push(pem.into());
        self
    }

    /// Shows a certificate to servers that ask for one: the certificate with those between it and its
    /// authority, and its key, in PEM.
    #[cfg(feature = "blocking-tls")]
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
        let target = Target::parse(uri)?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .accept_encoding(AutoHeaderValue::None)
            .timeout_connect(Some(self.connect_timeout))
            .max_idle_connections(MAX_IDLE)
            .max_idle_connections_per_host(MAX_IDLE)
            .max_idle_age(self.pool_idle_timeout);
        let config = if self.use_proxy {
            config
        } else {
            config.proxy(None)
        };
        #[cfg(not(feature = "blocking-tls"))]
        if target.is_tls() {
            let message = "https:// needs the feature `blocking-tls` of grpcweb-runtime";
            return Err(ChannelError::usage(&target.address(), message));
        }
        #[cfg(feature = "blocking-tls")]
        let config =
            config.tls_config(self.tls.config().map_err(|(what, why)| {
                ChannelError::usage_because(&target.address(), what, why)
            })?);
        let agent = Agent::with_parts(config.build(), connector(), Later);
        Ok(Channel::of(agent, target))
    }
}
