use http::Uri;
#[cfg(feature = "channel")]
use http::header::{HeaderValue, InvalidHeaderValue};
use http::uri::{Authority, PathAndQuery, Scheme};

use super::ChannelError;

/// What the calls of a channel are below.
#[derive(Debug, Clone)]
pub(crate) struct BaseUri {
    scheme: Scheme,
    authority: Authority,
    /// What stands before the path of a call; without a slash at its end.
    path: String,
}

impl BaseUri {
    /// Reads what begins with `http://` or `https://`. `known` are the beginnings that the channel knows, as
    /// an error says them.
    pub(crate) fn parse(uri: &str, known: &str) -> Result<Self, ChannelError> {
        let shown = without_userinfo(uri);
        let invalid = |reason: &str| ChannelError::usage(&shown, format!("{shown:?} {reason}"));
        let parsed: Uri = uri.parse().map_err(|error: http::uri::InvalidUri| {
            ChannelError::usage_because(&shown, format!("{shown:?} is not a URI"), error)
        })?;
        let parts = parsed.into_parts();
        let (scheme, authority) = match (parts.scheme, parts.authority) {
            (Some(scheme), Some(authority))
                if scheme == Scheme::HTTP || scheme == Scheme::HTTPS =>
            {
                (scheme, authority)
            }
            _ => return Err(invalid(&format!("does not begin with {known}"))),
        };
        if authority.as_str().contains('@') {
            return Err(invalid(
                "had a user before its host: credentials of calls belong into their metadata",
            ));
        }
        if authority.host().is_empty() {
            return Err(invalid("has no host"));
        }
        if has_bad_port(&authority) {
            return Err(invalid("has a port that is none: it is from 0 to 65535"));
        }
        let path = parts.path_and_query;
        if path.as_ref().is_some_and(|path| path.query().is_some()) {
            return Err(invalid("has a query, which no call could be below"));
        }
        let path = path.as_ref().map_or("", PathAndQuery::path);
        Ok(Self {
            scheme,
            authority,
            path: path.trim_end_matches('/').to_owned(),
        })
    }

    /// What calls are below where the address of the server is no URI.
    #[cfg(all(feature = "channel", unix))]
    pub(crate) fn localhost() -> Self {
        Self {
            scheme: Scheme::HTTP,
            authority: Authority::from_static("localhost"),
            path: String::new(),
        }
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// The host as URIs have it: an IPv6 address is in brackets.
    #[cfg(feature = "channel")]
    pub(crate) fn host(&self) -> &str {
        self.authority.host()
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> String {
        let default = if self.is_tls() { 443 } else { 80 };
        let port = self.authority.port_u16().unwrap_or(default);
        format!("{}:{port}", self.authority.host())
    }

    /// The URI of a call: `path_and_query` below this one.
    pub(crate) fn join(&self, path_and_query: Option<&PathAndQuery>) -> Result<Uri, http::Error> {
        let path = path_and_query.map_or("/", PathAndQuery::as_str);
        let builder = Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone());
        match path_and_query {
            Some(path) if self.path.is_empty() => builder.path_and_query(path.clone()),
            _ => builder.path_and_query(format!("{}{path}", self.path)),
        }
        .build()
    }
}

#[cfg(feature = "channel")]
impl BaseUri {
    /// Makes the path of a call one below this. The server is not part of the URI afterwards.
    pub(crate) fn put_above(&self, uri: &mut Uri) -> Result<(), http::Error> {
        if self.path.is_empty() && uri.authority().is_none() && uri.path().starts_with('/') {
            return Ok(());
        }
        *uri = self.join(uri.path_and_query())?;
        self.put_server_out(uri)
    }

    /// Puts the server in front of the path.
    pub(crate) fn put_server_in(&self, uri: &mut Uri) -> Result<(), http::Error> {
        let mut parts = std::mem::take(uri).into_parts();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        *uri = Uri::from_parts(parts)?;
        Ok(())
    }

    /// Leaves only the path.
    pub(crate) fn put_server_out(&self, uri: &mut Uri) -> Result<(), http::Error> {
        if uri.authority().is_some() {
            let mut parts = std::mem::take(uri).into_parts();
            parts.scheme = None;
            parts.authority = None;
            *uri = Uri::from_parts(parts)?;
        }
        Ok(())
    }

    /// The server as the header `host` has it: with the port, unless it is that of the scheme.
    pub(crate) fn host_header(&self) -> Result<HeaderValue, InvalidHeaderValue> {
        let host = self.authority.host();
        let default = if self.is_tls() { 443 } else { 80 };
        match self.authority.port() {
            Some(port) if port.as_u16() != default => {
                HeaderValue::try_from(format!("{host}:{port}"))
            }
            _ => HeaderValue::from_str(host),
        }
    }
}

/// Whether something stands after the colon of the host, and is no port.
fn has_bad_port(authority: &Authority) -> bool {
    let after_host = authority.as_str().strip_prefix(authority.host());
    after_host.is_some_and(|port| port.len() > 1) && authority.port_u16().is_none()
}

/// A text that may be a URI, to be shown in an error: passwords do not belong there.
fn without_userinfo(uri: &str) -> String {
    let (scheme, rest) = match uri.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, uri),
    };
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    match scheme {
        Some(scheme) => format!("{scheme}://{rest}"),
        None => rest.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(uri: &str) -> Result<BaseUri, ChannelError> {
        BaseUri::parse(uri, "http:// or https://")
    }

    /// Known mistake 44.
    #[test]
    fn a_call_is_below_the_base_with_exactly_one_slash() {
        let path = PathAndQuery::from_static("/pkg.Service/Method");
        for (uri, joined) in [
            ("http://host:1", "http://host:1/pkg.Service/Method"),
            ("http://host:1/", "http://host:1/pkg.Service/Method"),
            ("https://host/api", "https://host/api/pkg.Service/Method"),
            ("https://host/api/", "https://host/api/pkg.Service/Method"),
            ("https://host/api//", "https://host/api/pkg.Service/Method"),
        ] {
            let base = parse(uri).unwrap();
            assert_eq!(base.join(Some(&path)).unwrap(), joined);
        }
    }

    #[cfg(feature = "channel")]
    #[test]
    fn a_request_has_the_server_before_its_path_or_beside_it() {
        for (base, host, absolute) in [
            (
                "http://host:1",
                "host:1",
                "http://host:1/pkg.Service/Method",
            ),
            (
                "https://host/api/",
                "host",
                "https://host/api/pkg.Service/Method",
            ),
            (
                "http://host:80",
                "host",
                "http://host:80/pkg.Service/Method",
            ),
            (
                "https://[::1]:80",
                "[::1]:80",
                "https://[::1]:80/pkg.Service/Method",
            ),
        ] {
            let base = parse(base).unwrap();
            assert_eq!(base.host_header().unwrap(), host);
            for uri in ["/pkg.Service/Method", "ftp://other:2/pkg.Service/Method"] {
                let mut uri = uri.parse().unwrap();
                base.put_above(&mut uri).unwrap();
                let path = uri.to_string();
                assert!(path.starts_with('/'), "{path}");
                base.put_server_in(&mut uri).unwrap();
                assert_eq!(uri, absolute);
                base.put_server_in(&mut uri).unwrap();
                assert_eq!(uri, absolute);
                base.put_server_out(&mut uri).unwrap();
                assert_eq!(uri, path.as_str());
            }
        }
    }

    #[test]
    fn the_address_has_a_port() {
        for (uri, address) in [
            ("http://host/api", "host:80"),
            ("https://host", "host:443"),
            ("https://[::1]:1", "[::1]:1"),
        ] {
            assert_eq!(parse(uri).unwrap().address(), address);
        }
    }

    #[test]
    fn a_uri_that_cannot_work_is_refused_with_the_reason() {
        for (uri, reason) in [
            ("localhost:8080", "does not begin with http:// or https://"),
            ("ftp://host", "does not begin with http:// or https://"),
            ("/path", "http://"),
            ("", "not a URI"),
            ("http://:80", "no host"),
            ("http://host/?a=b", "query"),
            ("http://ho st", "not a URI"),
            ("http://127.0.0.1:99999", "port"),
            ("http://127.0.0.1:80x", "port"),
            ("http://[::1]:-1", "port"),
        ] {
            let error = parse(uri).unwrap_err();
            let message = error.to_string();
            assert!(message.contains(reason) && message.contains(uri), "{error}");
            assert!(error.is_usage(), "{error}");
        }
    }

    #[test]
    fn an_error_does_not_name_the_password() {
        for uri in [
            "http://user:secret@host:1/api",
            "http://user:se cret@host",
            "user:secret@host",
            "http://user:se/cret@host",
        ] {
            let error = parse(uri).unwrap_err();
            let message = format!("{error} {error:?}");
            assert!(message.contains("host"), "{message}");
            assert!(!message.contains("cret"), "{message}");
        }
    }
}
