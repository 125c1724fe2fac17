use std::fmt;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use crate::BoxError;

/// Whom a channel trusts, and who it is.
#[derive(Clone, Default)]
pub(super) struct TlsSettings {
    /// PEM.
    pub(super) authorities: Vec<Vec<u8>>,
    /// The certificates and the key, in PEM.
    pub(super) identity: Option<(Vec<u8>, Vec<u8>)>,
}

type Invalid = (&'static str, BoxError);

impl TlsSettings {
    /// What ureq is to do. It panics where that cannot be done, so this is checked here.
    pub(super) fn config(&self) -> Result<TlsConfig, Invalid> {
        // The provider of the process, which others may have set, would be another one.
        let mut config = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()));
        if !self.authorities.is_empty() {
            let roots = self
                .roots()
                .map_err(|error| ("no certificate authorities to trust", error))?;
            config = config.root_certs(RootCerts::new_with_certs(&roots));
        }
        if let Some((certificates, key)) = &self.identity {
            let identity = identity(certificates, key);
            let what = "the client certificate or its key cannot be used";
            config = config.client_cert(Some(identity.map_err(|error| (what, error))?));
        }
        Ok(config.build())
    }

    fn roots(&self) -> Result<Vec<Certificate<'static>>, BoxError> {
        let mut roots = Vec::new();
        for pem in &self.authorities {
            let before = roots.len();
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate?;
                rustls::RootCertStore::empty().add(certificate.clone())?;
                roots.push(Certificate::from_der(&certificate).to_owned());
            }
            if roots.len() == before {
                return Err("no certificate in the PEM of `ca_certificate`".into());
            }
        }
        Ok(roots)
    }
}

fn identity(certificates: &[u8], key: &[u8]) -> Result<ClientCert, BoxError> {
    let chain = CertificateDer::pem_slice_iter(certificates).collect::<Result<Vec<_>, _>>()?;
    if chain.is_empty() {
        return Err("no certificate in the PEM of `client_certificate`".into());
    }
    let certificates: Vec<_> = chain
        .iter()
        .map(|certificate| Certificate::from_der(certificate).to_owned())
        .collect();
    let der = PrivateKeyDer::from_pem_slice(key)?;
    CertifiedKey::from_der(chain, der, &ring::default_provider())?;
    Ok(ClientCert::new_with_certs(
        &certificates,
        PrivateKey::from_pem(key)?,
    ))
}

impl fmt::Debug for TlsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSettings")
            .field("authorities", &self.authorities.len())
            .field("identity", &self.identity.is_some())
            .finish()
    }
}
