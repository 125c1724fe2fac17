use std::net::IpAddr;

use http::uri::Scheme;
use http::{HeaderValue, StatusCode, Uri};
use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::ChannelError;
use super::connection::Io;
use super::target::{Place, Target};
use crate::BoxError;

/// The most bytes of the answer of a proxy before the tunnel begins.
const MAX_ANSWER: usize = 8 * 1024;

/// The HTTP proxy between a channel and its server.
pub(super) struct Proxy {
    pub(super) uri: Uri,
    pub(super) authorization: Option<HeaderValue>,
}

impl Proxy {
    /// What the environment says for a target.
    pub(super) fn from_env(target: &Target) -> Result<Option<Self>, ChannelError> {
        let (Place::Tcp, false) = (&target.place, is_loopback(target.base.host())) else {
            return Ok(None);
        };
        let address = target.address();
        let uri = target
            .base
            .join(None)
            .map_err(|error| ChannelError::usage_because(&address, "not a URI", error))?;
        let Some(found) = Matcher::from_env().intercept(&uri) else {
            return Ok(None);
        };
        let uri = found.uri().clone();
        if uri.scheme() != Some(&Scheme::HTTP) {
            let scheme = uri.scheme_str().unwrap_or_default();
            let message = format!(
                "the environment has a {scheme}:// proxy for {address}, and a channel knows those with \
                 http:// only: use another one, name the host in NO_PROXY, or build the channel with \
                 `no_proxy()`"
            );
            return Err(ChannelError::usage(address, message));
        }
        let authorization = found.basic_auth().cloned();
        Ok(Some(Self { uri, authorization }))
    }

    /// Without credentials.
    pub(super) fn address(&self) -> String {
        let port = self.uri.port_u16().unwrap_or(80);
        format!("{}:{port}", self.uri.host().unwrap_or_default())
    }

    /// Makes a connection to the proxy one to `address`, `host:port`.
    pub(super) async fn open_tunnel(&self, io: &mut dyn Io, address: &str) -> Result<(), BoxError> {
        let mut request = format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n").into_bytes();
        if let Some(authorization) = &self.authorization {
            request.extend_from_slice(b"Proxy-Authorization: ");
            request.extend_from_slice(authorization.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        io.write_all(&request).await?;
        io.flush().await?;

        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            if answer.len() == MAX_ANSWER {
                return Err("the proxy's answer is too long".into());
            }
            // One at a time: what follows is the server's, which may be the first to speak.
            answer.push(io.read_u8().await?);
        }
        match status(&answer) {
            Some(status) if status.is_success() => Ok(()),
            Some(status) => Err(format!("the proxy answered {status}").into()),
            None => Err("the proxy's answer is not HTTP".into()),
        }
    }
}

fn status(answer: &[u8]) -> Option<StatusCode> {
    let answer = answer.strip_prefix(b"HTTP/1.")?;
    StatusCode::from_bytes(answer.get(2..5)?).ok()
}

/// This machine is never behind a proxy, whatever the environment says.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_of_an_answer_is_read() {
        assert_eq!(status(b"HTTP/1.0 200 OK\r\n\r\n"), Some(StatusCode::OK));
        for answer in [
            "",
            "\r\n\r\n",
            "HTTP/1.1\r\n\r\n",
            "HTTP/2 200\r\n\r\n",
            "HTTP/1.1 2x0\r\n\r\n",
        ] {
            assert_eq!(status(answer.as_bytes()), None, "{answer}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "localhost.example",
            "10.0.0.1",
            "[::2]",
            "127.0.0.1.example",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
