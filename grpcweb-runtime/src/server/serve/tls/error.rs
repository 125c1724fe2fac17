use std::error::Error;
use std::fmt;

use crate::BoxError;

/// Why a server cannot have certificates that it was given. Its text says which, and what is wrong with them; the
/// [`source`](Error::source) has what the system or rustls says of it. `{:?}` shows both.
#[derive(Debug)]
pub struct TlsError {
    message: String,
    source: Option<BoxError>,
}

impl TlsError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            source: None,
        }
    }

    pub(super) fn because(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for TlsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}

impl From<TlsError> for std::io::Error {
    fn from(error: TlsError) -> Self {
        Self::new(std::io::ErrorKind::InvalidInput, error)
    }
}
