use ureq::Agent;
use ureq::config::AutoHeaderValue;

use super::connector::{Later, connector};
#[cfg(feature = "blocking-tls")]
use super::tls;
use super::{Channel, ChannelError};
#[cfg(feature = "blocking-tls")]
use crate::client::common::tls_setters;
use crate::client::common::{BaseUri, ConnectionSettings, connection_setters};

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
#[derive(Debug, Clone, Default)]
#[must_use = "settings do nothing until a channel is built with them"]
pub struct ChannelBuilder {
    connection: ConnectionSettings,
}

impl ChannelBuilder {
    connection_setters!();
    #[cfg(feature = "blocking-tls")]
    tls_setters!();

    /// Makes the channel to the server at a URI.
    ///
    /// # Errors
    ///
    /// As [`Channel::new`], and where a certificate or a key is not one.
    pub fn build(self, uri: &str) -> Result<Channel, ChannelError> {
        let base = BaseUri::parse(uri, "http:// or https://")?;
        let address = base.address();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .accept_encoding(AutoHeaderValue::None)
            .timeout_connect(Some(self.connection.connect_timeout))
            .max_idle_connections(MAX_IDLE)
            .max_idle_connections_per_host(MAX_IDLE)
            .max_idle_age(self.connection.pool_idle_timeout);
        let config = if self.connection.use_proxy {
            config
        } else {
            config.proxy(None)
        };
        #[cfg(not(feature = "blocking-tls"))]
        if base.is_tls() {
            let message = "https:// needs the feature `blocking-tls` of grpcweb-runtime";
            return Err(ChannelError::usage(address, message));
        }
        #[cfg(feature = "blocking-tls")]
        let config = config.tls_config(tls::config(&self.connection.tls, &address)?);
        let agent = Agent::with_parts(config.build(), connector(), Later);
        Ok(Channel::of(agent, base))
    }
}
