use http::Extensions;

use crate::connection;

/// What the client speaks: HTTP with TLS or without, in the extensions of a request where
/// [`TrustedProxies`](super::TrustedProxies) are told.
///
/// Handlers of calls ask [`Request::client_scheme`](crate::Request::client_scheme).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientScheme {
    /// `http`: anybody in between can read along.
    Http,
    /// `https`
    Https,
}

impl ClientScheme {
    /// Whether it is `https`: cookies can be `Secure`, and there is no need to redirect.
    #[must_use]
    pub fn is_https(self) -> bool {
        self == Self::Https
    }

    /// `"http"` or `"https"`, as in a URI.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// That of the connection which a request came over.
    pub(super) fn of_connection(extensions: &Extensions) -> Self {
        if connection::is_tls(extensions) {
            Self::Https
        } else {
            Self::Http
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Http, Self::Https]
            .into_iter()
            .find(|scheme| text.eq_ignore_ascii_case(scheme.as_str()))
    }
}
