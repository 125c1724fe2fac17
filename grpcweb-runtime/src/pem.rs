//! Certificates and keys in PEM, with errors that say what to do.

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::BoxError;

/// All certificates of a PEM, one at least. `setting` is what the PEM was given for, as errors name it.
pub(crate) fn certificates(
    pem: &[u8],
    setting: &str,
) -> Result<Vec<CertificateDer<'static>>, BoxError> {
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| broken(setting, &error))?;
    if certificates.is_empty() {
        let reason = match Kind::of(pem) {
            Kind::NotPem => not_pem("x509"),
            Kind::Certificates | Kind::Other => String::from("it has other things"),
            Kind::Key | Kind::EncryptedKey => {
                String::from("it has a private key, which belongs into another place")
            }
        };
        return Err(format!("no certificate in the PEM of {setting}: {reason}").into());
    }
    Ok(certificates)
}

/// The first private key of a PEM.
pub(crate) fn private_key(pem: &[u8], setting: &str) -> Result<PrivateKeyDer<'static>, BoxError> {
    let reason = match PrivateKeyDer::pem_slice_iter(pem).next() {
        Some(Ok(key)) => return Ok(key),
        Some(Err(error)) => return Err(broken(setting, &error)),
        None => match Kind::of(pem) {
            Kind::NotPem => not_pem("pkey"),
            Kind::Certificates => {
                String::from("it has certificates, which belong into another place")
            }
            Kind::EncryptedKey => {
                String::from("its key is encrypted; `openssl pkey -in FILE` writes it without that")
            }
            Kind::Key | Kind::Other => String::from(
                "it has other things; `openssl pkey -in FILE` writes what is known here",
            ),
        },
    };
    Err(format!("no private key in the PEM of {setting}: {reason}").into())
}

/// What a text has, where it was to have something else.
enum Kind {
    NotPem,
    Certificates,
    Key,
    EncryptedKey,
    Other,
}

impl Kind {
    fn of(pem: &[u8]) -> Self {
        let text = String::from_utf8_lossy(pem);
        let has = |label: &str| text.contains(label);
        if !has("-----BEGIN ") {
            Self::NotPem
        } else if has("ENCRYPTED") {
            Self::EncryptedKey
        } else if has("PRIVATE KEY-----") {
            Self::Key
        } else if has("-----BEGIN CERTIFICATE-----") {
            Self::Certificates
        } else {
            Self::Other
        }
    }
}

fn not_pem(command: &str) -> String {
    format!(
        "it is not PEM, which has lines with `-----BEGIN`; `openssl {command} -inform der -in FILE` makes \
         it of DER"
    )
}

fn broken(setting: &str, error: &rustls::pki_types::pem::Error) -> BoxError {
    format!("the PEM of {setting} is broken: {error}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    const ENCRYPTED: &str =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    const CUT: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n";

    #[test]
    fn certificates_are_read_from_among_other_things() {
        let pem = format!("A comment\n{CERTIFICATE}{KEY}{CERTIFICATE}");
        assert_eq!(certificates(pem.as_bytes(), "`ca`").unwrap().len(), 2);
        let key = private_key(pem.as_bytes(), "`key`").unwrap();
        assert_eq!(key.secret_der(), [0; 3]);
    }

    #[test]
    fn a_pem_without_certificates_is_refused_with_what_it_has_instead() {
        for (pem, reason) in [
            ("", "not PEM"),
            ("\x30\x01", "openssl x509 -inform der"),
            (KEY, "has a private key"),
            (CUT, "broken"),
        ] {
            let error = certificates(pem.as_bytes(), "`ca`")
                .unwrap_err()
                .to_string();
            assert!(error.contains(reason) && error.contains("`ca`"), "{error}");
        }
    }

    #[test]
    fn a_pem_without_a_key_is_refused_with_what_it_has_instead() {
        for (pem, reason) in [
            ("", "not PEM"),
            (CERTIFICATE, "has certificates"),
            (ENCRYPTED, "is encrypted"),
            (
                "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
                "other things",
            ),
        ] {
            let error = private_key(pem.as_bytes(), "`key`")
                .unwrap_err()
                .to_string();
            assert!(error.contains(reason) && error.contains("`key`"), "{error}");
        }
    }
}
