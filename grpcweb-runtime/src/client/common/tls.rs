use std::fmt;

use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::ChannelError;
use crate::{BoxError, pem};

/// Whom a channel trusts, and who it is.
#[derive(Clone, Default)]
pub(crate) struct TlsSettings {
    /// PEM.
    authorities: Vec<Vec<u8>>,
    /// The certificates and the key, in PEM.
    identity: Option<(Vec<u8>, Vec<u8>)>,
}

/// Certificates, and the key of the first one.
type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

impl TlsSettings {
    pub(crate) fn trust(&mut self, pem: Vec<u8>) {
        self.authorities.push(pem);
    }

    pub(crate) fn show(&mut self, certificates: Vec<u8>, key: Vec<u8>) {
        self.identity = Some((certificates, key));
    }

    /// The certificate authorities that were named, each of which can be used.
    pub(crate) fn authorities(&self) -> Result<Vec<CertificateDer<'static>>, BoxError> {
        let mut authorities = Vec::new();
        for pem in &self.authorities {
            for certificate in pem::certificates(pem, "`ca_certificate`")? {
                RootCertStore::empty().add(certificate.clone())?;
                authorities.push(certificate);
            }
        }
        Ok(authorities)
    }

    /// The certificates and the key to show, if any.
    pub(crate) fn identity(&self) -> Result<Option<Identity>, BoxError> {
        let Some((certificates, key)) = &self.identity else {
            return Ok(None);
        };
        let certificates = pem::certificates(certificates, "`client_certificate`")?;
        let key = pem::private_key(key, "`client_certificate`")?;
        Ok(Some((certificates, key)))
    }

    /// The key to show, in PEM.
    #[cfg(feature = "blocking-tls")]
    pub(crate) fn key(&self) -> &[u8] {
        self.identity.as_ref().map_or(&[], |(_, key)| key)
    }
}

pub(crate) fn invalid_authorities(address: &str, why: BoxError) -> ChannelError {
    ChannelError::usage_because(address, "no certificate authorities to trust", why)
}

pub(crate) fn invalid_identity(address: &str, why: BoxError) -> ChannelError {
    let what = "the client certificate or its key cannot be used";
    ChannelError::usage_because(address, what, why)
}

impl fmt::Debug for TlsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSettings")
            .field("authorities", &self.authorities.len())
            .field("identity", &self.identity.is_some())
            .finish()
    }
}
