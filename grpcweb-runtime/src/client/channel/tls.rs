use std::io;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::ChannelError;
use super::connection::{Connection, Io};
use super::target::Target;
use crate::BoxError;
use crate::client::common::{TlsSettings, invalid_authorities, invalid_identity};

/// How a channel makes a connection one with TLS.
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    pub(super) fn new(
        settings: &TlsSettings,
        target: &Target,
        http2_only: bool,
    ) -> Result<Self, ChannelError> {
        let address = target.address();
        let invalid =
            |what: &str, error: BoxError| ChannelError::usage_because(&address, what, error);
        let host = target
            .base
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| invalid("not a name that a certificate can have", error.into()))?;
        let roots = roots(settings).map_err(|error| invalid_authorities(&address, error))?;
        // The provider of the process, which others may have set, would be another one.
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| invalid("no TLS", error.into()))?
            .with_root_certificates(roots);
        let identity = settings
            .identity()
            .map_err(|error| invalid_identity(&address, error))?;
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some((certificates, key)) => builder
                .with_client_auth_cert(certificates, key)
                .map_err(|error| invalid_identity(&address, error.into()))?,
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        if !http2_only {
            config.alpn_protocols.push(b"http/1.1".to_vec());
        }
        let connector = TlsConnector::from(Arc::new(config));
        Ok(Self { connector, name })
    }

    pub(super) async fn handshake(&self, io: Box<dyn Io>) -> io::Result<Connection> {
        let stream = self.connector.connect(self.name.clone(), io).await?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let mut connection = Connection::new(Box::new(stream));
        connection.is_http2 = is_http2;
        Ok(connection)
    }
}

fn roots(settings: &TlsSettings) -> Result<RootCertStore, BoxError> {
    let mut roots = RootCertStore::empty();
    for certificate in settings.authorities()? {
        roots.add(certificate)?;
    }
    if roots.is_empty() {
        add_default_roots(&mut roots)?;
    }
    Ok(roots)
}

#[cfg(not(any(feature = "tls-native-roots", feature = "tls-webpki-roots")))]
fn add_default_roots(_: &mut RootCertStore) -> Result<(), BoxError> {
    Err(
        "turn on the feature `tls-native-roots` or `tls-webpki-roots` of grpcweb-runtime, or name \
         one with `ca_certificate`"
            .into(),
    )
}

#[cfg(any(feature = "tls-native-roots", feature = "tls-webpki-roots"))]
fn add_default_roots(roots: &mut RootCertStore) -> Result<(), BoxError> {
    #[cfg(feature = "tls-webpki-roots")]
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    #[cfg(feature = "tls-native-roots")]
    {
        let mut native = rustls_native_certs::load_native_certs();
        // Some systems have certificates that cannot be used among those that can.
        roots.add_parsable_certificates(native.certs);
        if roots.is_empty() {
            return Err(match native.errors.pop() {
                Some(error) => error.into(),
                None => {
                    "this machine has none: install its package of CA certificates, or name one \
                         with `ca_certificate`"
                        .into()
                }
            });
        }
    }
    Ok(())
}

#[cfg(all(test, feature = "tls-webpki-roots"))]
mod tests {
    use super::*;

    #[test]
    fn certificate_authorities_that_are_named_are_the_only_ones() {
        let default = TlsSettings::default();
        assert!(!roots(&default).unwrap().is_empty());
        let mut named = TlsSettings::default();
        named.trust(Vec::new());
        assert!(roots(&named).is_err());
    }
}
