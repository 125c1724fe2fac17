//! A generated client of tonic over tonic-web's `GrpcWebCall` and hyper-util's pooled client, as tonic's own
//! transport speaks HTTP/2 only.

use client_harness::{BoxError, Peer};
use http::Uri;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use prost::Message as _;
use proto::bench_client::BenchClient;
use proto::{CountRequest, IngestRequest, Payload};
use tonic::Request;
use tonic::body::Body;
use tonic::metadata::{Ascii, MetadataValue};
use tonic_web::{GrpcWebCall, GrpcWebClientLayer, GrpcWebClientService};

#[expect(unreachable_pub, reason = "generated")]
mod proto {
    tonic::include_proto!("bench");
}

type Http = Client<HttpConnector, GrpcWebCall<Body>>;

#[derive(Clone)]
enum Message {
    Echo(Payload),
    Ingest(IngestRequest),
    Count(CountRequest),
}

struct Tonic {
    client: BenchClient<GrpcWebClientService<Http>>,
    case: MetadataValue<Ascii>,
    message: Message,
}

impl Tonic {
    fn with_case<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("x-case", self.case.clone());
        request
    }
}

impl Peer for Tonic {
    type Request = Message;

    fn new(port: u16, case: &'static str, message: &[u8]) -> Result<Self, BoxError> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let http: Http = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .build(connector);
        let origin: Uri = format!("http://127.0.0.1:{port}").parse()?;
        let layered = tower_layer::Layer::layer(&GrpcWebClientLayer::new(), http);
        Ok(Self {
            client: BenchClient::with_origin(layered, origin),
            case: MetadataValue::from_static(case),
            message: match case {
                "ingest" => Message::Ingest(IngestRequest::decode(message)?),
                "count-64" | "count-16k" => Message::Count(CountRequest::decode(message)?),
                _ => Message::Echo(Payload::decode(message)?),
            },
        })
    }

    fn request(&self) -> Message {
        self.message.clone()
    }

    async fn call(&self, message: Message) -> Result<(u64, u64), BoxError> {
        let mut client = self.client.clone();
        match message {
            Message::Echo(payload) => {
                let payload = client.echo(self.with_case(payload)).await?.into_inner();
                Ok((1, payload.data.len() as u64))
            }
            Message::Ingest(request) => {
                let reply = client.ingest(self.with_case(request)).await?.into_inner();
                Ok((1, reply.accepted.into()))
            }
            Message::Count(request) => {
                let mut payloads = client.count(self.with_case(request)).await?.into_inner();
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
    client_harness::run::<Tonic>()
}
