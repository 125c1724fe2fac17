//! The kinds of clients.

use std::error::Error;
use std::sync::Arc;

use grpcweb_runtime::Protocol;

use crate::asynchronous::Asynchronous;
use crate::blocking::Blocking;
use crate::call::Caller;

/// A client with a protocol, over a version of HTTP.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) client: Client,
    pub(crate) protocol: Protocol,
    pub(crate) http2: bool,
}

/// Which of the generated clients it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Client {
    Asynchronous,
    Blocking,
}

impl Kind {
    /// A client of the server at a URL.
    pub(crate) fn connect(&self, url: &str) -> Result<Arc<dyn Caller>, Box<dyn Error>> {
        Ok(match self.client {
            Client::Asynchronous => Arc::new(Asynchronous::new(url, self)?),
            Client::Blocking => Arc::new(Blocking::new(url, self)?),
        })
    }
}

pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "async gRPC-Web, HTTP/1.1",
        client: Client::Asynchronous,
        protocol: Protocol::GrpcWeb,
        http2: false,
    },
    Kind {
        name: "async gRPC-Web, HTTP/2",
        client: Client::Asynchronous,
        protocol: Protocol::GrpcWeb,
        http2: true,
    },
    Kind {
        name: "async gRPC-Web text, HTTP/1.1",
        client: Client::Asynchronous,
        protocol: Protocol::GrpcWebText,
        http2: false,
    },
    Kind {
        name: "async gRPC-Web text, HTTP/2",
        client: Client::Asynchronous,
        protocol: Protocol::GrpcWebText,
        http2: true,
    },
    Kind {
        name: "async gRPC, HTTP/2",
        client: Client::Asynchronous,
        protocol: Protocol::Grpc,
        http2: true,
    },
    Kind {
        name: "blocking gRPC-Web, HTTP/1.1",
        client: Client::Blocking,
        protocol: Protocol::GrpcWeb,
        http2: false,
    },
    Kind {
        name: "blocking gRPC-Web text, HTTP/1.1",
        client: Client::Blocking,
        protocol: Protocol::GrpcWebText,
        http2: false,
    },
];
