//! The kinds of clients.

use std::sync::Arc;

use grpcweb_runtime::Protocol;
use grpcweb_runtime::client::ChannelError;

use crate::asynchronous::Asynchronous;
use crate::call::Caller;

/// A client with a protocol, over a version of HTTP.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) protocol: Protocol,
    pub(crate) http2: bool,
    /// Instead of the content type that the client sends of itself.
    pub(crate) content_type: Option<&'static str>,
    connect: fn(&Self, &str) -> Connected,
}

type Connected = Result<Arc<dyn Caller>, ChannelError>;

impl Kind {
    /// A client of the server at a URL.
    pub(crate) fn connect(&self, url: &str) -> Connected {
        (self.connect)(self, url)
    }
}

/// The media type of text, where nothing says what is in it.
const SHORT_TEXT: &str = "application/grpc-web-text";

pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "async gRPC-Web, HTTP/1.1",
        protocol: Protocol::GrpcWeb,
        http2: false,
        content_type: None,
        connect: asynchronous,
    },
    Kind {
        name: "async gRPC-Web, HTTP/2",
        protocol: Protocol::GrpcWeb,
        http2: true,
        content_type: None,
        connect: asynchronous,
    },
    Kind {
        name: "async gRPC-Web text, HTTP/1.1",
        protocol: Protocol::GrpcWebText,
        http2: false,
        content_type: None,
        connect: asynchronous,
    },
    Kind {
        name: "async gRPC-Web text, HTTP/2",
        protocol: Protocol::GrpcWebText,
        http2: true,
        content_type: None,
        connect: asynchronous,
    },
    // Text as the official browser client names it.
    Kind {
        name: "async gRPC-Web text (short), HTTP/1.1",
        protocol: Protocol::GrpcWebText,
        http2: false,
        content_type: Some(SHORT_TEXT),
        connect: asynchronous,
    },
    Kind {
        name: "async gRPC, HTTP/2",
        protocol: Protocol::Grpc,
        http2: true,
        content_type: None,
        connect: asynchronous,
    },
];

fn asynchronous(kind: &Kind, url: &str) -> Connected {
    let caller = Asynchronous::new(url, kind)?;
    Ok(Arc::new(caller))
}
