//! The proxy in front of the replicas.

mod envoy;
mod nginx;

use std::net::SocketAddr;

pub(crate) use envoy::Envoy;
pub(crate) use nginx::Nginx;

use crate::Fault;
use crate::cases::Case;
use crate::kinds::Kind;
use crate::site::Site;

/// A proxy that can be started.
pub(crate) enum Front {
    Nginx(Nginx),
    Envoy(Envoy),
}

/// What is changed in the file of a proxy beside its addresses, to see what becomes of calls.
#[derive(Debug, Clone, Default)]
pub(crate) struct Without(pub(crate) Vec<String>);

impl Without {
    /// The file without the lines that are to go.
    fn cut(&self, file: &str) -> Result<String, Fault> {
        for text in &self.0 {
            if !file.contains(text.as_str()) {
                return Err(format!("no line with {text:?} is there to be left out").into());
            }
        }
        let keep = |line: &&str| !self.0.iter().any(|text| line.contains(text.as_str()));
        Ok(file.lines().filter(keep).collect::<Vec<_>>().join("\n"))
    }
}

/// Where a proxy can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 over TLS.
    Tls,
    /// HTTP/2 without TLS.
    Http2,
}

impl Front {
    pub(crate) async fn start(
        name: &str,
        site: &Site,
        replicas: &[SocketAddr],
        without: &Without,
    ) -> Result<Self, Fault> {
        match name {
            "nginx" => Ok(Self::Nginx(Nginx::start(site, replicas, without).await?)),
            "envoy" => Ok(Self::Envoy(Envoy::start(site, replicas, without).await?)),
            other => Err(format!("{other:?} is no proxy that is known here").into()),
        }
    }

    /// The URL of a door.
    pub(crate) fn url(&self, site: &Site, door: Door) -> String {
        let (scheme, port) = match (self, door) {
            (Self::Nginx(_), Door::Http2) => ("http", 8081),
            (_, Door::Http1 | Door::Http2) => ("http", 8080),
            (_, Door::Tls) => ("https", 8443),
        };
        format!("{scheme}://{}:{port}", site.ip)
    }

    /// Whether a case can succeed.
    pub(crate) fn can(&self, kind: &Kind, case: &Case) -> bool {
        // Over TLS and HTTP/2, nginx 1.22 keeps the head of a response until there is a message to send:
        // of the frames that it writes, it flushes those with data.
        let keeps_heads = matches!(self, Self::Nginx(_)) && kind.door == Door::Tls;
        !(keeps_heads && case.name == "head_of_a_stream_arrives_before_its_first_message")
    }

    /// Whether it closes connections of clients when its list of replicas changes, with calls that are
    /// just being sent.
    pub(crate) fn drops_clients(&self) -> bool {
        matches!(self, Self::Nginx(_))
    }

    /// Sends calls to these replicas from now on.
    pub(crate) async fn send_to(
        &mut self,
        site: &Site,
        replicas: &[SocketAddr],
    ) -> Result<(), Fault> {
        match self {
            Self::Nginx(nginx) => nginx.send_to(site, replicas).await,
            Self::Envoy(envoy) => envoy.send_to(site, replicas).await,
        }
    }

    /// Waits until it knows that a replica does not serve.
    pub(crate) async fn sees_unhealthy(
        &self,
        site: &Site,
        replica: SocketAddr,
    ) -> Result<(), Fault> {
        match self {
            Self::Nginx(_) => Err("nginx asks nobody for his health".into()),
            Self::Envoy(_) => envoy::sees_unhealthy(site, replica).await,
        }
    }

    pub(crate) fn log(&self) -> String {
        match self {
            Self::Nginx(nginx) => nginx.log(),
            Self::Envoy(envoy) => envoy.log(),
        }
    }

    pub(crate) async fn end(self) -> Result<(), Fault> {
        match self {
            Self::Nginx(nginx) => nginx.end().await,
            Self::Envoy(envoy) => envoy.end().await,
        }
    }
}
