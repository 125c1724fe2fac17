use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::certificates::{Certificates, unusable};
use super::{ServerTls, TlsError};
use crate::pem;

/// Certificates or a key in PEM: bytes, or a file that has them.
#[derive(Clone)]
pub struct Pem(Source);

#[derive(Clone)]
enum Source {
    Bytes(Vec<u8>),
    File(PathBuf),
}

impl Pem {
    /// A file, read when the server is built and whenever it reloads.
    #[must_use]
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self(Source::File(path.as_ref().to_owned()))
    }

    /// The bytes, and what to call them in errors.
    pub(super) fn read(&self, what: &str) -> Result<(Vec<u8>, String), TlsError> {
        match &self.0 {
            // Not shown: a key may be in it.
            Source::Bytes(bytes) if is_like_path(bytes) => Err(TlsError::new(format!(
                "the {what} is not PEM, but one line: if that is the path of a file, `Pem::file(..)` reads it"
            ))),
            Source::Bytes(bytes) => Ok((bytes.clone(), format!("the {what}"))),
            Source::File(path) => {
                let what = format!("the {what}, {}", path.display());
                match std::fs::read(path) {
                    Ok(bytes) => Ok((bytes, what)),
                    Err(error) => Err(TlsError::new(format!("cannot read {what}")).because(error)),
                }
            }
        }
    }
}

/// Whether bytes that were to be PEM are one line of text.
fn is_like_path(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| {
        !text.is_empty() && !text.contains("-----BEGIN ") && !text.contains(char::is_control)
    })
}

impl<T: Into<Vec<u8>>> From<T> for Pem {
    fn from(bytes: T) -> Self {
        Self(Source::Bytes(bytes.into()))
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            // A key is for nobody's log.
            Source::Bytes(_) => f.write_str("Pem(..)"),
            Source::File(path) => f.debug_tuple("Pem").field(path).finish(),
        }
    }
}

/// Settings for a [`ServerTls`].
///
/// ```no_run
/// use grpcweb_runtime::server::{Pem, ServerTls, TlsError};
///
/// # fn main() -> Result<(), TlsError> {
/// let tls = ServerTls::builder()
///     .certificate(Pem::file("default.pem"), Pem::file("default.key"))
///     .certificate_for("api.example.com", Pem::file("api.pem"), Pem::file("api.key"))
///     .certificate_for("*.example.net", Pem::file("net.pem"), Pem::file("net.key"))
///     .require_client_certificates(Pem::file("clients.pem"))
///     .build()?;
/// # let _ = tls;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "settings do nothing until they are built"]
pub struct ServerTlsBuilder {
    default: Option<(Pem, Pem)>,
    named: Vec<(String, Pem, Pem)>,
    clients: Option<Clients>,
}

#[derive(Debug, Clone)]
struct Clients {
    authorities: Pem,
    are_required: bool,
}

impl ServerTlsBuilder {
    /// The certificate for clients that ask for no name, or one that has no certificate of its own. The
    /// certificate of the server first, then those between it and its authority; and its key.
    pub fn certificate(mut self, certificates: impl Into<Pem>, key: impl Into<Pem>) -> Self {
        self.default = Some((certificates.into(), key.into()));
        self
    }

    /// The certificate for clients that ask for this name, as `api.example.com`, or for one that stands for
    /// the star of `*.example.com`; each name once. Clients that connect to an address ask for no name. Without a
    /// [`certificate`](Self::certificate), clients that ask for no name here are refused.
    pub fn certificate_for(
        mut self,
        name: impl Into<String>,
        certificates: impl Into<Pem>,
        key: impl Into<Pem>,
    ) -> Self {
        self.named
            .push((name.into(), certificates.into(), key.into()));
        self
    }

    /// Refuses clients without a certificate that one of these authorities vouches for. Handlers see it as
    /// [`ConnectionInfo::peer_certificates`](crate::ConnectionInfo::peer_certificates).
    pub fn require_client_certificates(mut self, authorities: impl Into<Pem>) -> Self {
        self.clients = Some(Clients {
            authorities: authorities.into(),
            are_required: true,
        });
        self
    }

    /// Asks clients for a certificate, and takes those without one too. One that none of the authorities
    /// vouches for is refused.
    pub fn accept_client_certificates(mut self, authorities: impl Into<Pem>) -> Self {
        self.clients = Some(Clients {
            authorities: authorities.into(),
            are_required: false,
        });
        self
    }

    /// Reads the files, and sees to it that everything fits together.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read, there is no certificate or no key in its PEM, a key belongs to another
    /// certificate, or a certificate is not for its name, or a name has two.
    pub fn build(self) -> Result<ServerTls, TlsError> {
        ServerTls::new(self)
    }

    pub(super) fn config(&self) -> Result<Arc<ServerConfig>, TlsError> {
        // The provider of the process, which others may have set, would be another one.
        let provider = Arc::new(ring::default_provider());
        let mut certificates = Certificates::default();
        if let Some((chain, key)) = &self.default {
            certificates.set_default(chain, key, &provider)?;
        }
        for (name, chain, key) in &self.named {
            certificates.add(name, chain, key, &provider)?;
        }
        if self.default.is_none() && self.named.is_empty() {
            return Err(TlsError::new(
                "a server needs a certificate: name one with `certificate` or `certificate_for`",
            ));
        }
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::new("no TLS").because(error))?;
        let builder = match &self.clients {
            None => builder.with_no_client_auth(),
            Some(clients) => {
                let (bytes, what) = clients.authorities.read("authorities of clients")?;
                let invalid = || TlsError::new(format!("{what} cannot be used"));
                let mut roots = RootCertStore::empty();
                for certificate in
                    pem::certificates(&bytes, &what).map_err(|error| unusable(&what, &error))?
                {
                    roots
                        .add(certificate)
                        .map_err(|error| invalid().because(error))?;
                }
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier = if clients.are_required {
                    verifier
                } else {
                    verifier.allow_unauthenticated()
                };
                let verifier = verifier.build();
                builder
                    .with_client_cert_verifier(verifier.map_err(|error| invalid().because(error))?)
            }
        };
        let mut config = builder.with_cert_resolver(Arc::new(certificates));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}
