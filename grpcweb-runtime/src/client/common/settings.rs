use std::time::Duration;

#[cfg(any(feature = "tls", feature = "blocking-tls"))]
use super::TlsSettings;

/// How long a connection may take to be made, unless set otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection is kept without a call, unless set otherwise.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// How a channel makes its connections, whatever it makes them with.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionSettings {
    pub(crate) connect_timeout: Duration,
    pub(crate) pool_idle_timeout: Duration,
    pub(crate) use_proxy: bool,
    #[cfg(any(feature = "tls", feature = "blocking-tls"))]
    pub(crate) tls: TlsSettings,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            connect_timeout: CONNECT_TIMEOUT,
            pool_idle_timeout: POOL_IDLE_TIMEOUT,
            use_proxy: true,
            #[cfg(any(feature = "tls", feature = "blocking-tls"))]
            tls: TlsSettings::default(),
        }
    }
}

/// The setters of a builder whose field `connection` holds [`ConnectionSettings`].
macro_rules! connection_setters {
    () => {
        /// How long a connection may take to be made, a proxy and TLS included: 10 seconds unless set.
        pub fn connect_timeout(mut self, timeout: ::std::time::Duration) -> Self {
            self.connection.connect_timeout = timeout;
            self
        }

        /// How long a connection is kept while no call uses it: 90 seconds unless set. On
        /// HTTP/2 this counts from when the last call began.
        pub fn pool_idle_timeout(mut self, timeout: ::std::time::Duration) -> Self {
            self.connection.pool_idle_timeout = timeout;
            self
        }

        /// Goes to the server directly, whatever the environment says of proxies.
        pub fn no_proxy(mut self) -> Self {
            self.connection.use_proxy = false;
            self
        }
    };
}

/// Those for TLS.
#[cfg(any(feature = "tls", feature = "blocking-tls"))]
macro_rules! tls_setters {
    () => {
        /// Trusts servers that this certificate authority vouches for: one certificate or more, in PEM.
        /// With it, only those that are named here are trusted, and none that would be otherwise.
        pub fn ca_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
            self.connection.tls.trust(pem.into());
            self
        }

        /// Shows a certificate to servers that ask for one: the certificate with those between it and its
        /// authority, and its key, in PEM.
        pub fn client_certificate(
            mut self,
            certificates: impl Into<Vec<u8>>,
            key: impl Into<Vec<u8>>,
        ) -> Self {
            self.connection.tls.show(certificates.into(), key.into());
            self
        }
    };
}

pub(crate) use connection_setters;
#[cfg(any(feature = "tls", feature = "blocking-tls"))]
pub(crate) use tls_setters;
