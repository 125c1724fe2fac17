//! A generated client of grpcweb over its own channel.

use std::task::{Context, Poll};

use client_harness::{BoxError, Peer};
use grpcweb_runtime::{Body, Channel};
use http::{HeaderName, HeaderValue, Request};
use prost::Message as _;
use proto::bench::bench_client::BenchClient;
use proto::bench::{CountRequest, IngestRequest, Payload};
use tower_service::Service;

mod proto {
    grpcweb_runtime::include_protos!();
}

const X_CASE: HeaderName = HeaderName::from_static("x-case");

/// A channel that tells the server the case.
#[derive(Clone)]
struct ForCase(Channel, HeaderValue);

impl Service<Request<Body>> for ForCase {
    type Response = <Channel as Service<Request<Body>>>::Response;
    type Error = <Channel as Service<Request<Body>>>::Error;
    type Future = <Channel as Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        request.headers_mut().insert(X_CASE, self.1.clone());
        self.0.call(request)
    }
}

#[derive(Clone)]
enum Message {
    Echo(Payload),
    Ingest(IngestRequest),
    Count(CountRequest),
}

struct Ours {
    client: BenchClient<ForCase>,
    message: Message,
}

impl Peer for Ours {
    type Request = Message;

    fn new(port: u16, case: &'static str, message: &[u8]) -> Result<Self, BoxError> {
        let channel = Channel::new(&format!("http://127.0.0.1:{port}"))?;
        let client = BenchClient::new(ForCase(channel, HeaderValue::from_static(case)));
        let message = match case {
            "ingest" => Message::Ingest(IngestRequest::decode(message)?),
            "count-64" | "count-16k" => Message::Count(CountRequest::decode(message)?),
            _ => Message::Echo(Payload::decode(message)?),
        };
        Ok(Self { client, message })
    }

    fn request(&self) -> Message {
        self.message.clone()
    }

    async fn call(&self, message: Message) -> Result<(u64, u64), BoxError> {
        match message {
            Message::Echo(payload) => {
                let payload = self.client.echo(payload).await?.into_inner();
                Ok((1, payload.data.len() as u64))
            }
            Message::Ingest(request) => {
                let reply = self.client.ingest(request).await?.into_inner();
                Ok((1, reply.accepted.into()))
            }
            Message::Count(request) => {
                let mut payloads = self.client.count(request).await?.into_inner();
                let (mut messages, mut bytes) = (0, 0);
                while let Some(payload) = payloads.message().await? {
                    messages += 1;
                    bytes += payload.data.len() as u64;
                }
                Ok((messages, bytes))
            }
        }
    }
}

fn main() -> Result<(), BoxError> {
    client_harness::run::<Ours>()
}
