use std::sync::Arc;

use rustls::crypto::ring;
use rustls::sign::CertifiedKey;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use super::ChannelError;
use crate::BoxError;
use crate::client::common::{TlsSettings, invalid_authorities, invalid_identity};

/// What ureq is to do. It panics where that cannot be done, so this is checked here.
pub(super) fn config(settings: &TlsSettings, address: &str) -> Result<TlsConfig, ChannelError> {
    // The provider of the process, which others may have set, would be another one.
    let mut config =
        TlsConfig::builder().unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()));
    let authorities = settings
        .authorities()
        .map_err(|error| invalid_authorities(address, error))?;
    if !authorities.is_empty() {
        let roots: Vec<_> = authorities.iter().map(|der| certificate(der)).collect();
        config = config.root_certs(RootCerts::new_with_certs(&roots));
    }
    let identity = identity(settings).map_err(|error| invalid_identity(address, error))?;
    Ok(config.client_cert(identity).build())
}

fn certificate(der: &[u8]) -> Certificate<'static> {
    Certificate::from_der(der).to_owned()
}

/// Who the channel is, where that is whole: the key is that of the first certificate.
fn identity(settings: &TlsSettings) -> Result<Option<ClientCert>, BoxError> {
    let Some((chain, key)) = settings.identity()? else {
        return Ok(None);
    };
    let certificates: Vec<_> = chain.iter().map(|der| certificate(der)).collect();
    CertifiedKey::from_der(chain, key, &ring::default_provider())?;
    let key = PrivateKey::from_pem(settings.key())?;
    Ok(Some(ClientCert::new_with_certs(&certificates, key)))
}
