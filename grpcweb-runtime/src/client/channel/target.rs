use std::path::PathBuf;

use super::ChannelError;
use crate::client::common::BaseUri;

/// Where the server of a channel is, and what its calls are below.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) place: Place,
    pub(super) base: BaseUri,
}

#[derive(Debug, Clone)]
pub(super) enum Place {
    Tcp,
    #[cfg(unix)]
    Unix(PathBuf),
}

impl Target {
    pub(super) fn parse(uri: &str) -> Result<Self, ChannelError> {
        if let Some(path) = uri.strip_prefix("unix:") {
            return Self::unix(uri, path.strip_prefix("//").unwrap_or(path));
        }
        Ok(Self {
            place: Place::Tcp,
            base: BaseUri::parse(uri, "http://, https:// or unix:")?,
        })
    }

    #[cfg(unix)]
    fn unix(uri: &str, path: &str) -> Result<Self, ChannelError> {
        if path.is_empty() {
            let message = format!("{uri:?} has no path of a socket, as unix:/path/to.sock has");
            return Err(ChannelError::usage(uri, message));
        }
        Ok(Self {
            place: Place::Unix(PathBuf::from(path)),
            base: BaseUri::localhost(),
        })
    }

    #[cfg(not(unix))]
    fn unix(uri: &str, _: &str) -> Result<Self, ChannelError> {
        let message = format!("{uri:?}: this system has no unix sockets");
        Err(ChannelError::usage(uri, message))
    }

    /// `host:port`, or where the socket is.
    pub(super) fn address(&self) -> String {
        match &self.place {
            Place::Tcp => self.base.address(),
            #[cfg(unix)]
            Place::Unix(path) => format!("unix:{}", path.display()),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use http::uri::PathAndQuery;

    use super::*;

    #[test]
    fn the_address_is_that_of_the_host_or_the_socket() {
        for (uri, address) in [
            ("http://host/api", "host:80"),
            ("unix:/a/b.sock", "unix:/a/b.sock"),
            ("unix:///a/b.sock", "unix:/a/b.sock"),
        ] {
            assert_eq!(Target::parse(uri).unwrap().address(), address);
        }
    }

    #[test]
    fn the_host_of_calls_over_a_socket_is_this_machine() {
        let target = Target::parse("unix:/a.sock").unwrap();
        let path = PathAndQuery::from_static("/pkg.Service/Method");
        let uri = target.base.join(Some(&path)).unwrap();
        assert_eq!(uri, "http://localhost/pkg.Service/Method");
    }

    #[test]
    fn an_error_says_what_a_channel_knows() {
        for (uri, reason) in [("unix:", "no path"), ("localhost:8080", "or unix:")] {
            let error = Target::parse(uri).unwrap_err();
            assert!(error.to_string().contains(reason), "{error}");
            assert!(error.is_usage(), "{error}");
        }
    }
}
