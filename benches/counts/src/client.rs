//! Clients, which call over a socket a server that costs next to nothing.

use std::io;

use bytes::Bytes;
use grpcweb_runtime::Channel;
use http::{Request, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::service::proto::bench::bench_client::BenchClient;
use crate::service::proto::bench::{CountRequest, Payload};
use crate::wire::Mode;

/// Our client, and what it calls.
pub(crate) struct Ours {
    client: BenchClient<Channel>,
    what: What,
}

/// What a client calls.
#[derive(Debug, Clone)]
pub(crate) enum What {
    Echo(Payload),
    Count(CountRequest),
}

impl Ours {
    pub(crate) fn new(uri: &str, what: What) -> io::Result<Self> {
        let channel = Channel::builder().no_proxy().build(uri);
        Ok(Self {
            client: BenchClient::new(channel.map_err(io::Error::other)?),
            what,
        })
    }

    /// Makes a call, and returns how many bytes of payload its response has.
    pub(crate) async fn call(&self) -> io::Result<usize> {
        match &self.what {
            What::Echo(payload) => {
                let response = self.client.echo(payload.clone()).await;
                Ok(response.map_err(io::Error::other)?.get_ref().data.len())
            }
            What::Count(request) => {
                let response = self.client.count(*request).await;
                let mut payloads = response.map_err(io::Error::other)?.into_inner();
                let mut len = 0;
                while let Some(payload) = payloads.message().await.map_err(io::Error::other)? {
                    len += payload.data.len();
                }
                Ok(len)
            }
        }
    }
}

/// The limit: the client of hyper-util, which sends bytes that were there before and reads a response to its end.
pub(crate) struct Bare {
    client: legacy::Client<HttpConnector, Full<Bytes>>,
    uri: Uri,
    mode: Mode,
    body: Bytes,
}

impl Bare {
    pub(crate) fn new(uri: &str, path: &str, mode: Mode, body: Bytes) -> io::Result<Self> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Ok(Self {
            client: legacy::Client::builder(TokioExecutor::new()).build(connector),
            uri: format!("{uri}{path}").parse().map_err(io::Error::other)?,
            mode,
            body,
        })
    }

    /// Makes a call, and returns how many bytes its response has.
    pub(crate) async fn call(&self) -> io::Result<usize> {
        let request = Request::post(self.uri.clone())
            .header(header::CONTENT_TYPE, self.mode.content_type())
            .header(header::ACCEPT, self.mode.content_type())
            .header(header::USER_AGENT, "counts")
            .header("x-grpc-web", "1")
            .body(Full::new(self.body.clone()))
            .map_err(io::Error::other)?;
        let response = self
            .client
            .request(request)
            .await
            .map_err(io::Error::other)?;
        let mut body = response.into_body();
        let mut len = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(io::Error::other)?;
            len += frame.data_ref().map_or(0, Bytes::len);
        }
        Ok(len)
    }
}

/// Answers all requests, which end with a body that is known, alike.
pub(crate) async fn answer_all(
    listener: TcpListener,
    request: Bytes,
    response: Bytes,
) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(answer(stream, request.clone(), response.clone()));
    }
}

async fn answer(mut stream: TcpStream, request: Bytes, response: Bytes) -> io::Result<()> {
    let mut received = Vec::with_capacity(64 * 1024);
    while stream.read_buf(&mut received).await? > 0 {
        if received.ends_with(&request) {
            received.clear();
            stream.write_all(&response).await?;
        }
    }
    Ok(())
}

/// A response over HTTP/1.1.
pub(crate) fn response(mode: Mode, body: &[u8], is_stream: bool) -> Bytes {
    let mut response = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {}\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\n",
        mode.content_type()
    )
    .into_bytes();
    if is_stream {
        response.extend(b"transfer-encoding: chunked\r\n\r\n");
        for chunk in body.chunks(32 * 1024) {
            response.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
            response.extend(chunk);
            response.extend(b"\r\n");
        }
        response.extend(b"0\r\n\r\n");
    } else {
        response.extend(format!("content-length: {}\r\n\r\n", body.len()).into_bytes());
        response.extend(body);
    }
    response.into()
}
