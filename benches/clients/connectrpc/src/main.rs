//! A generated client of connectrpc over its own client for HTTP/1.1.

use client_harness::{BoxError, Peer};
use connectrpc::Protocol;
use connectrpc::client::{ClientConfig, HttpClient};
use proto::bench::{BenchClient, CountRequest, IngestRequest, Payload};

#[expect(unreachable_pub, reason = "generated")]
mod proto {
    connectrpc::include_generated!();
}

#[derive(Clone)]
enum Message {
    Echo(Payload),
    Ingest(IngestRequest),
    Count(CountRequest),
}

struct Connectrpc {
    client: BenchClient<HttpClient>,
    message: Message,
}

fn decode<T: buffa::Message>(mut message: &[u8]) -> Result<T, BoxError> {
    T::decode(&mut message).map_err(|error| error.to_string().into())
}

impl Peer for Connectrpc {
    type Request = Message;

    fn new(port: u16, case: &'static str, message: &[u8]) -> Result<Self, BoxError> {
        let config = ClientConfig::new(format!("http://127.0.0.1:{port}").parse()?)
            .with_protocol(Protocol::GrpcWeb)
            .with_default_header("x-case", case);
        let message = match case {
            "ingest" => Message::Ingest(decode(message)?),
            "count-64" | "count-16k" => Message::Count(decode(message)?),
            _ => Message::Echo(decode(message)?),
        };
        Ok(Self {
            client: BenchClient::new(HttpClient::plaintext(), config),
            message,
        })
    }

    fn request(&self) -> Message {
        self.message.clone()
    }

    async fn call(&self, message: Message) -> Result<(u64, u64), BoxError> {
        match message {
            Message::Echo(payload) => {
                let payload = self.client.echo(payload).await?;
                Ok((1, payload.view().data.len() as u64))
            }
            Message::Ingest(request) => {
                let reply = self.client.ingest(request).await?;
                Ok((1, reply.view().accepted.into()))
            }
            Message::Count(request) => {
                let mut payloads = self.client.count(request).await?;
                let (mut messages, mut bytes) = (0, 0);
                while let Some(payload) = payloads.message().await? {
                    messages += 1;
                    bytes += payload.view().data.len() as u64;
                }
                Ok((messages, bytes))
            }
        }
    }
}

fn main() -> Result<(), BoxError> {
    client_harness::run::<Connectrpc>()
}
