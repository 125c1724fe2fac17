use std::fmt;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, request};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer, ExposeHeaders};
use tower_layer::Layer;

use crate::wire::status::{GRPC_MESSAGE, GRPC_STATUS, GRPC_STATUS_DETAILS};

/// How long a browser may remember the answer to a preflight: Chromium's longest.
const MAX_AGE: Duration = Duration::from_secs(2 * 60 * 60);

/// Lets pages of other origins call services: the [CORS] settings that browser clients of gRPC-Web need,
/// on tower-http's [`CorsLayer`].
///
/// Preflights are answered, with whatever headers they ask for; responses, errors included, expose the
/// status and the metadata that is named with [`expose`](Self::expose).
///
/// A [`tower_layer::Layer`], for an axum router as for a [`Router`](crate::Router).
///
/// ```
/// use grpcweb_runtime::{Cors, Router};
/// use tower_layer::Layer;
///
/// let cors = Cors::origins(["https://app.example.com"])?.expose(["x-request-id"])?;
/// let service = cors.layer(Router::new());
/// # let _ = service;
/// # Ok::<(), grpcweb_runtime::server::InvalidCors>(())
/// ```
///
/// [CORS]: https://fetch.spec.whatwg.org/#http-cors-protocol
#[derive(Debug, Clone)]
#[must_use]
pub struct Cors {
    origins: AllowOrigin,
    any: bool,
    credentials: bool,
    exposed: Vec<HeaderName>,
}

impl Cors {
    /// Lets pages of these origins call: scheme, host and port, as in `https://app.example.com:8443`.
    ///
    /// # Errors
    ///
    /// Where one of them is not an origin.
    pub fn origins<'a>(origins: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidCors> {
        let origins: Result<Vec<_>, _> = origins.into_iter().map(origin).collect();
        Ok(Self::new(AllowOrigin::list(origins?), false))
    }

    /// Lets the pages of those origins call for which `allowed` returns true.
    pub fn origins_where(
        allowed: impl Fn(&HeaderValue, &request::Parts) -> bool + Clone + Send + Sync + 'static,
    ) -> Self {
        Self::new(AllowOrigin::predicate(allowed), false)
    }

    /// Lets every page call, without cookies and other credentials of its user.
    pub fn any_origin() -> Self {
        Self::new(AllowOrigin::any(), true)
    }

    fn new(origins: AllowOrigin, any: bool) -> Self {
        Self {
            origins,
            any,
            credentials: false,
            exposed: vec![GRPC_STATUS, GRPC_MESSAGE, GRPC_STATUS_DETAILS],
        }
    }

    /// Lets pages send the cookies and other credentials of their user.
    ///
    /// # Errors
    ///
    /// Where every origin is allowed: any page could then act as its user.
    pub fn with_credentials(mut self) -> Result<Self, InvalidCors> {
        if self.any {
            return Err(InvalidCors(Problem::CredentialsForAll));
        }
        self.credentials = true;
        Ok(self)
    }

    /// Lets pages read this metadata of responses: initial metadata, and trailing metadata where it
    /// comes in the head. What comes in the body needs no leave.
    ///
    /// # Errors
    ///
    /// Where one of them is not a valid name.
    pub fn expose<'a>(
        mut self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, InvalidCors> {
        for name in names {
            let parsed = HeaderName::from_bytes(name.as_bytes());
            let parsed = parsed.map_err(|_| InvalidCors(Problem::Name(name.to_owned())))?;
            self.exposed.push(parsed);
        }
        Ok(self)
    }

    /// The layer underneath, for what else it can.
    pub fn into_layer(self) -> CorsLayer {
        CorsLayer::new()
            .allow_origin(self.origins)
            .allow_methods([Method::POST])
            .allow_headers(AllowHeaders::mirror_request())
            .allow_credentials(self.credentials)
            .expose_headers(ExposeHeaders::list(self.exposed))
            .max_age(MAX_AGE)
    }
}

impl<S> Layer<S> for Cors {
    type Service = tower_http::cors::Cors<S>;

    fn layer(&self, inner: S) -> Self::Service {
        self.clone().into_layer().layer(inner)
    }
}

/// An origin as browsers send it: never with a slash after the host.
fn origin(origin: &str) -> Result<HeaderValue, InvalidCors> {
    let invalid = || InvalidCors(Problem::Origin(origin.to_owned()));
    let (scheme, host) = origin.split_once("://").ok_or_else(invalid)?;
    if scheme.is_empty() || host.is_empty() || host.contains(['/', '?', '#', '*', ',']) {
        return Err(invalid());
    }
    HeaderValue::from_str(&origin.to_ascii_lowercase()).map_err(|_| invalid())
}

/// Settings for CORS that cannot be.
#[derive(Debug, Clone)]
pub struct InvalidCors(Problem);

#[derive(Debug, Clone)]
enum Problem {
    Origin(String),
    Name(String),
    CredentialsForAll,
}

impl fmt::Display for InvalidCors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Problem::Origin(origin) => write!(
                f,
                "{origin:?} is not an origin: write scheme, host and port, as in \
                 https://app.example.com"
            ),
            Problem::Name(name) => write!(f, "{name:?} is not a valid header name"),
            Problem::CredentialsForAll => f.write_str(
                "credentials need explicit origins: use Cors::origins or Cors::origins_where",
            ),
        }
    }
}

impl std::error::Error for InvalidCors {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_origin_is_refused() {
        for valid in [
            "https://app.example.com",
            "http://localhost:8080",
            "HTTPS://App.example",
        ] {
            assert!(origin(valid).is_ok(), "{valid}");
        }
        for invalid in [
            "*",
            "app.example.com",
            "https://app.example.com/",
            "https://*.example",
            "",
        ] {
            let error = Cors::origins([invalid]).unwrap_err();
            assert!(error.to_string().contains("is not an origin"), "{error}");
        }
    }

    #[test]
    fn credentials_need_explicit_origins() {
        assert!(Cors::any_origin().with_credentials().is_err());
        assert!(
            Cors::origins(["https://a.example"])
                .unwrap()
                .with_credentials()
                .is_ok()
        );
    }
}
