//! What is called, and how often.

use std::io;
use std::iter::repeat_n;

use bytes::Bytes;
use grpcweb_runtime::Router;
use tokio::io::duplex;
use tokio::net::TcpListener;

use crate::bare::{self, Answer};
use crate::client::{self, What};
use crate::pipe::{CAPACITY, Once};
use crate::service::proto::bench::{CountRequest, IngestReply};
use crate::service::{self, payload, records};
use crate::views;
use crate::wire::Mode;
use crate::{http1, http2};

/// Of a stream.
const MESSAGES: u32 = 10_000;

/// Whose instructions are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Server,
    Client,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Ours,
    Bare,
}

impl Peer {
    pub(crate) const ALL: [Self; 2] = [Self::Ours, Self::Bare];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Bare => "bare",
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Method {
    Echo(usize),
    Count(usize),
    Ingest,
    /// With a view of the records.
    IngestViews,
}

/// One thing to count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) side: Side,
    method: Method,
    mode: Mode,
}

pub(crate) const CASES: [Case; 13] = [
    server("server-echo-64-binary", Method::Echo(64), Mode::Binary),
    server("server-echo-64-text", Method::Echo(64), Mode::Text),
    server("server-echo-64-grpc", Method::Echo(64), Mode::Grpc),
    server(
        "server-echo-64k-binary",
        Method::Echo(64 * 1024),
        Mode::Binary,
    ),
    server("server-echo-64k-text", Method::Echo(64 * 1024), Mode::Text),
    server("server-ingest-binary", Method::Ingest, Mode::Binary),
    server(
        "server-ingest-views-binary",
        Method::IngestViews,
        Mode::Binary,
    ),
    server("server-count-64-binary", Method::Count(64), Mode::Binary),
    server("server-count-64-text", Method::Count(64), Mode::Text),
    server("server-count-64-grpc", Method::Count(64), Mode::Grpc),
    client("client-echo-64-binary", Method::Echo(64)),
    client("client-echo-64k-binary", Method::Echo(64 * 1024)),
    client("client-count-64-binary", Method::Count(64)),
];

const fn server(name: &'static str, method: Method, mode: Mode) -> Case {
    Case {
        name,
        side: Side::Server,
        method,
        mode,
    }
}

const fn client(name: &'static str, method: Method) -> Case {
    Case {
        name,
        side: Side::Client,
        method,
        mode: Mode::Binary,
    }
}

impl Case {
    /// How many calls are counted.
    pub(crate) fn calls(self) -> u32 {
        match self.method {
            Method::Echo(64) => 200,
            Method::Echo(_) | Method::Ingest | Method::IngestViews => 50,
            Method::Count(_) => 3,
        }
    }

    /// Of how many things a call is made, which are what is told of: itself, or the messages of a stream.
    pub(crate) fn parts(self) -> u32 {
        if self.is_stream() { MESSAGES } else { 1 }
    }

    /// Gets ready to make calls. Has to be run in a runtime.
    pub(crate) async fn caller(self, peer: Peer) -> io::Result<Caller> {
        match self.side {
            Side::Server => Ok(self.server_caller(peer)),
            Side::Client => self.client_caller(peer).await,
        }
    }

    fn server_caller(self, peer: Peer) -> Caller {
        let (io, served) = duplex(CAPACITY);
        match peer {
            Peer::Ours => {
                let served = grpcweb_runtime::serve(Once(Some(served)), self.router());
                tokio::spawn(served.into_future());
            }
            Peer::Bare => {
                tokio::spawn(bare::serve(served, self.answer()));
            }
        }
        let body = self.request();
        match self.mode {
            Mode::Grpc => Caller::Http2(http2::Connection::new(io, self.mode, self.path(), &body)),
            _ => Caller::Http1(http1::Connection::new(io, self.mode, self.path(), &body)),
        }
    }

    fn router(self) -> Router {
        match self.method {
            Method::IngestViews => views::router(),
            _ => service::router(),
        }
    }

    async fn client_caller(self, peer: Peer) -> io::Result<Caller> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let uri = format!("http://{}", listener.local_addr()?);
        let Answer {
            body, is_stream, ..
        } = self.answer();
        let response = client::response(self.mode, &body, is_stream);
        let request = Bytes::from(self.request());
        tokio::spawn(client::answer_all(listener, request.clone(), response));
        let what = match self.method {
            Method::Count(size) => What::Count(count_request(size)),
            Method::Echo(size) => What::Echo(payload(size)),
            Method::Ingest | Method::IngestViews => return Err(io::ErrorKind::Unsupported.into()),
        };
        Ok(match peer {
            Peer::Ours => Caller::Client(client::Ours::new(&uri, what)?),
            Peer::Bare => Caller::Bare(Box::new(client::Bare::new(
                &uri,
                self.path(),
                self.mode,
                request,
            )?)),
        })
    }

    fn is_stream(self) -> bool {
        matches!(self.method, Method::Count(_))
    }

    fn path(self) -> &'static str {
        match self.method {
            Method::Echo(_) => "/bench.Bench/Echo",
            Method::Count(_) => "/bench.Bench/Count",
            Method::Ingest | Method::IngestViews => "/bench.Bench/Ingest",
        }
    }

    fn request(self) -> Vec<u8> {
        match self.method {
            Method::Echo(size) => self.mode.request(&payload(size)),
            Method::Count(size) => self.mode.request(&count_request(size)),
            Method::Ingest | Method::IngestViews => self.mode.request(&records(50)),
        }
    }

    /// What a server has to answer.
    fn answer(self) -> Answer {
        let body: Bytes = match self.method {
            Method::Echo(size) => self.mode.response([payload(size)].into_iter()),
            Method::Count(size) => {
                let payloads = repeat_n(payload(size), MESSAGES as usize);
                self.mode.response(payloads)
            }
            Method::Ingest | Method::IngestViews => {
                let reply = IngestReply { accepted: 50 };
                self.mode.response([reply].into_iter())
            }
        };
        Answer {
            mode: self.mode,
            body,
            is_stream: self.is_stream(),
        }
    }

    /// How many bytes have to arrive at the least, so that the right thing was done.
    pub(crate) fn least(self) -> usize {
        match self.method {
            Method::Echo(size) => size,
            Method::Count(size) => size * MESSAGES as usize,
            Method::Ingest | Method::IngestViews => 7,
        }
    }
}

fn count_request(size: usize) -> CountRequest {
    CountRequest {
        count: MESSAGES,
        size: size as u32,
    }
}

/// What makes calls.
pub(crate) enum Caller {
    Http1(http1::Connection),
    Http2(http2::Connection),
    Client(client::Ours),
    Bare(Box<client::Bare>),
}

impl Caller {
    /// Makes a call, and returns how many bytes came back.
    pub(crate) async fn call(&mut self) -> io::Result<usize> {
        match self {
            Self::Http1(connection) => connection.call().await,
            Self::Http2(connection) => connection.call().await,
            Self::Client(client) => client.call().await,
            Self::Bare(client) => client.call().await,
        }
    }
}
