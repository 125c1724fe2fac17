//! The limit: hyper-util's pooled client, which sends bytes that were there before, and looks at the bytes of
//! the response only to see how many they are.

use bytes::Bytes;
use client_harness::{BoxError, Peer};
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/grpc-web+proto");
const X_GRPC_WEB: HeaderName = HeaderName::from_static("x-grpc-web");
const X_CASE: HeaderName = HeaderName::from_static("x-case");

/// The bytes of the frames of a response, and what came back with them.
const RESPONSES: [(&str, &str, u64, (u64, u64)); 5] = [
    ("echo-64", "Echo", 71 + OK, (1, 64)),
    ("echo-64k", "Echo", 65_545 + OK, (1, 64 * 1024)),
    ("ingest", "Ingest", 7 + OK, (1, 50)),
    ("count-64", "Count", 710_000 + OK, (10_000, 640_000)),
    (
        "count-16k",
        "Count",
        16_393_000 + OK,
        (1_000, 16 * 1024 * 1000),
    ),
];

/// Bytes of the trailers frame.
const OK: u64 = 20;

struct Bare {
    client: Client<HttpConnector, Full<Bytes>>,
    uri: Uri,
    frame: Bytes,
    case: HeaderValue,
    len: u64,
    received: (u64, u64),
}

impl Peer for Bare {
    type Request = Bytes;

    fn new(port: u16, case: &'static str, message: &[u8]) -> Result<Self, BoxError> {
        let response = RESPONSES.iter().find(|response| response.0 == case);
        let &(_, method, len, received) = response.ok_or("there is no such case")?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let mut frame = vec![0];
        frame.extend(u32::try_from(message.len())?.to_be_bytes());
        frame.extend(message);
        Ok(Self {
            client: Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .build(connector),
            uri: format!("http://127.0.0.1:{port}/bench.Bench/{method}").parse()?,
            frame: frame.into(),
            case: HeaderValue::from_static(case),
            len,
            received,
        })
    }

    fn request(&self) -> Bytes {
        self.frame.clone()
    }

    async fn call(&self, frame: Bytes) -> Result<(u64, u64), BoxError> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, CONTENT_TYPE);
        headers.insert(header::ACCEPT, CONTENT_TYPE);
        headers.insert(X_GRPC_WEB, HeaderValue::from_static("1"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static("bare/0.1"));
        headers.insert(X_CASE, self.case.clone());
        let mut request = Request::new(Full::new(frame));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = headers;
        let mut body = self.client.request(request).await?.into_body();
        let mut len = 0;
        while let Some(frame) = body.frame().await {
            len += frame?.data_ref().map_or(0, |data| data.len() as u64);
        }
        if len != self.len {
            return Err(format!("{len} bytes came back, not {}", self.len).into());
        }
        Ok(self.received)
    }
}

fn main() -> Result<(), BoxError> {
    client_harness::run::<Bare>()
}
