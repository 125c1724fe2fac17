//! Certificates and keys as the suite sends them.

use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::Error;
use crate::v1::TlsCreds;

/// The certificates as ones that peers are trusted by.
pub(super) fn trust(pem: &[u8]) -> Result<RootCertStore, Error> {
    let mut trusted = RootCertStore::empty();
    for certificate in certificates(pem)? {
        trusted.add(certificate)?;
    }
    Ok(trusted)
}

/// What a program shows of itself, and the key to it.
pub(super) fn identity(
    creds: &TlsCreds,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Error> {
    let key = PrivateKeyDer::from_pem_slice(&creds.key)?;
    Ok((certificates(&creds.cert)?, key))
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    Ok(CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>()?)
}
