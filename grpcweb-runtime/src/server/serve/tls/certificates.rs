//! Which certificate a client gets.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::Arc;

use tokio_rustls::rustls::client::verify_server_name;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{Error, InconsistentKeys};

use super::{Pem, TlsError};
use crate::{BoxError, pem};

#[derive(Debug, Default)]
pub(super) struct Certificates {
    default: Option<Arc<CertifiedKey>>,
    /// By name, in small letters; `*.` and what follows for any one name before it.
    named: HashMap<String, Arc<CertifiedKey>>,
}

impl Certificates {
    pub(super) fn set_default(
        &mut self,
        chain: &Pem,
        key: &Pem,
        provider: &CryptoProvider,
    ) -> Result<(), TlsError> {
        self.default = Some(certified(chain, key, "", provider)?);
        Ok(())
    }

    pub(super) fn add(
        &mut self,
        name: &str,
        chain: &Pem,
        key: &Pem,
        provider: &CryptoProvider,
    ) -> Result<(), TlsError> {
        let Entry::Vacant(entry) = self.named.entry(name.to_ascii_lowercase()) else {
            return Err(TlsError::new(format!(
                "{name:?} has two certificates: a client gets one, so give `certificate_for` each name once"
            )));
        };
        let certified = certified(chain, key, &format!(" for {name:?}"), provider)?;
        check_name(name, &certified)?;
        entry.insert(certified);
        Ok(())
    }

    fn of_name(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let name = name.to_ascii_lowercase();
        let found = self.named.get(&name).or_else(|| {
            let (_, domain) = name.split_once('.')?;
            self.named.get(&format!("*.{domain}"))
        });
        found.cloned()
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        hello
            .server_name()
            .and_then(|name| self.of_name(name))
            .or_else(|| self.default.clone())
    }
}

fn certified(
    chain: &Pem,
    key: &Pem,
    whose: &str,
    provider: &CryptoProvider,
) -> Result<Arc<CertifiedKey>, TlsError> {
    let (chain, chain_name) = chain.read(&format!("certificate{whose}"))?;
    let (key, key_name) = key.read(&format!("key{whose}"))?;
    let chain =
        pem::certificates(&chain, &chain_name).map_err(|error| unusable(&chain_name, &error))?;
    let key = pem::private_key(&key, &key_name).map_err(|error| unusable(&key_name, &error))?;
    let certified = CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsError::new(format!(
            "{key_name} belongs to another certificate than {chain_name}: the certificate of the server \
             comes first, and its key is the one that it was asked for with"
        )),
        error => TlsError::new(format!("{chain_name}, with {key_name}, cannot be used"))
            .because(error),
    })?;
    Ok(Arc::new(certified))
}

/// What is wrong with a PEM, in words of this library.
pub(super) fn unusable(what: &str, error: &BoxError) -> TlsError {
    TlsError::new(format!("{what} cannot be used: {error}"))
}

/// A certificate that clients would refuse is a mistake that shows when the server starts.
fn check_name(name: &str, certified: &CertifiedKey) -> Result<(), TlsError> {
    if name.parse::<IpAddr>().is_ok() {
        return Err(TlsError::new(format!(
            "{name:?} is an address, and clients that connect to one ask for no name: give its certificate to \
             `certificate`"
        )));
    }
    // What stands for the star is up to the client.
    let asked = match name.strip_prefix("*.") {
        Some(domain) => format!("any.{domain}"),
        None => name.to_owned(),
    };
    let refused = |error| {
        TlsError::new(format!(
            "the certificate for {name:?} is not for that name, which clients would refuse"
        ))
        .because(error)
    };
    let asked = ServerName::try_from(asked).map_err(|_| {
        TlsError::new(format!(
            "{name:?} is not a name that a client can ask for: a name is like api.example.com or \
             *.example.com"
        ))
    })?;
    let own = certified.end_entity_cert().map_err(refused)?;
    let own = ParsedCertificate::try_from(own).map_err(refused)?;
    verify_server_name(&own, &asked).map_err(refused)
}
