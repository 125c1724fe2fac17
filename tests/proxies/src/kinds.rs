//! The kinds of clients.

use grpcweb_runtime::client::{Client, RetryPolicy};
use grpcweb_runtime::{Channel, Protocol};
use proxies::proto::probe::probe_client::ProbeClient;

use crate::Fault;
use crate::front::{Door, Front};
use crate::site::Site;

/// A client with a protocol, at a door of the proxy.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) protocol: Protocol,
    pub(crate) door: Door,
}

pub(crate) const KINDS: &[Kind] = &[
    Kind::new("gRPC-Web, HTTP/1.1", Protocol::GrpcWeb, Door::Http1),
    Kind::new(
        "gRPC-Web text, HTTP/1.1",
        Protocol::GrpcWebText,
        Door::Http1,
    ),
    Kind::new("gRPC-Web, HTTP/2, TLS", Protocol::GrpcWeb, Door::Tls),
    Kind::new(
        "gRPC-Web text, HTTP/2, TLS",
        Protocol::GrpcWebText,
        Door::Tls,
    ),
    Kind::new("gRPC, HTTP/2, TLS", Protocol::Grpc, Door::Tls),
    Kind::new("gRPC-Web, HTTP/2", Protocol::GrpcWeb, Door::Http2),
    Kind::new("gRPC, HTTP/2", Protocol::Grpc, Door::Http2),
];

impl Kind {
    const fn new(name: &'static str, protocol: Protocol, door: Door) -> Self {
        Self {
            name,
            protocol,
            door,
        }
    }

    /// A client with connections of its own.
    pub(crate) fn client(
        &self,
        site: &Site,
        front: &Front,
        retry: Option<&RetryPolicy>,
    ) -> Result<ProbeClient<Channel>, Fault> {
        let mut channel = Channel::builder().no_proxy();
        if self.door != Door::Http1 {
            channel = channel.http2_prior_knowledge();
        }
        if self.door == Door::Tls {
            channel = channel.ca_certificate(site.certificate.as_str());
        }
        let channel = channel.build(&front.url(site, self.door))?;
        let mut client = Client::new(channel).protocol(self.protocol);
        if let Some(retry) = retry {
            client = client.retry(retry.clone());
        }
        Ok(client.into())
    }
}
