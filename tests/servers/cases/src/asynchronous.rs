//! The generated client on a `Channel`.

use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream;
use grpcweb_runtime::client::{ChannelError, Client};
use grpcweb_runtime::{Body, Channel, MetadataMap, Request, Response, Status, Streaming};
use http::HeaderValue;
use http::header::{ACCEPT, CONTENT_TYPE};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tower_service::Service;

use crate::call::{Call, Caller, Method, Outcome, Pace, Received};
use crate::kinds::Kind;
use crate::proto::grpc::testing::test_service_client::TestServiceClient;
use crate::proto::grpc::testing::unimplemented_service_client::UnimplementedServiceClient;
use crate::proto::grpc::testing::{
    Empty, SimpleResponse, StreamingInputCallResponse, StreamingOutputCallRequest,
    StreamingOutputCallResponse,
};

/// The asynchronous client, all its calls over the same connections.
#[derive(Debug)]
pub(crate) struct Asynchronous {
    runtime: Runtime,
    client: TestServiceClient<Transport>,
    unimplemented: UnimplementedServiceClient<Transport>,
}

impl Asynchronous {
    pub(crate) fn new(url: &str, kind: &Kind) -> Result<Self, ChannelError> {
        let channel = Channel::builder();
        let channel = if kind.http2 {
            channel.http2_prior_knowledge()
        } else {
            channel
        };
        let transport = Transport {
            channel: channel.build(url)?,
            content_type: kind.content_type,
        };
        let client = Client::new(transport).protocol(kind.protocol);
        Ok(Self {
            runtime: Runtime::new().expect("threads can be started"),
            client: TestServiceClient::from(client.clone()),
            unimplemented: UnimplementedServiceClient::from(client),
        })
    }
}

/// A channel, with another content type than that of the client where there is one.
#[derive(Debug, Clone)]
struct Transport {
    channel: Channel,
    content_type: Option<&'static str>,
}

impl Service<http::Request<Body>> for Transport {
    type Response = <Channel as Service<http::Request<Body>>>::Response;
    type Error = <Channel as Service<http::Request<Body>>>::Error;
    type Future = <Channel as Service<http::Request<Body>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.channel.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        if let Some(content_type) = self.content_type {
            for name in [CONTENT_TYPE, ACCEPT] {
                let value = HeaderValue::from_static(content_type);
                request.headers_mut().insert(name, value);
            }
        }
        self.channel.call(request)
    }
}

impl Caller for Asynchronous {
    fn call(&self, call: Call) -> Outcome {
        let running = Running::new(&call);
        self.runtime.block_on(running.run(self, call))
    }
}

struct Running {
    began: Instant,
    drop_after: Option<usize>,
    initial: MetadataMap,
    responses: Vec<Received>,
}

impl Running {
    fn new(call: &Call) -> Self {
        Self {
            began: Instant::now(),
            drop_after: call.drop_after,
            initial: MetadataMap::new(),
            responses: Vec::new(),
        }
    }

    async fn run(mut self, to: &Asynchronous, call: Call) -> Outcome {
        let end = self.end_of(to, call).await;
        if let Some(Err(status)) = &end
            && self.initial.is_empty()
        {
            self.initial = status.initial_metadata().clone();
        }
        Outcome {
            initial: self.initial,
            responses: self.responses,
            end,
            took: self.began.elapsed(),
        }
    }

    async fn end_of(
        &mut self,
        to: &Asynchronous,
        call: Call,
    ) -> Option<Result<MetadataMap, Status>> {
        let Call {
            method,
            metadata,
            timeout,
            ..
        } = call;
        let client = &to.client;
        match method {
            Method::EmptyCall => {
                let request = request(Empty {}, metadata, timeout);
                self.message(client.empty_call(request).await)
            }
            Method::UnaryCall(message) => {
                let request = request(message, metadata, timeout);
                self.message(client.unary_call(request).await)
            }
            Method::StreamingOutputCall(message) => {
                let request = request(message, metadata, timeout);
                let response = client.streaming_output_call(request).await;
                self.stream(response, Turns::none()).await
            }
            Method::StreamingInputCall(messages) => {
                let request = request(Streaming::from_iter(messages), metadata, timeout);
                self.message(client.streaming_input_call(request).await)
            }
            Method::FullDuplexCall(messages, Pace::AtOnce) => {
                let request = request(Streaming::from_iter(messages), metadata, timeout);
                let response = client.full_duplex_call(request).await;
                self.stream(response, Turns::none()).await
            }
            Method::FullDuplexCall(messages, Pace::InTurns) => {
                let (turns, messages) = Turns::new(messages);
                let request = request(messages, metadata, timeout);
                let response = client.full_duplex_call(request).await;
                self.stream(response, turns).await
            }
            Method::HalfDuplexCall(messages) => {
                let request = request(Streaming::from_iter(messages), metadata, timeout);
                let response = client.half_duplex_call(request).await;
                self.stream(response, Turns::none()).await
            }
            Method::UnimplementedCall => {
                let request = request(Empty {}, metadata, timeout);
                self.message(client.unimplemented_call(request).await)
            }
            Method::UnimplementedService => {
                let request = request(Empty {}, metadata, timeout);
                self.message(to.unimplemented.unimplemented_call(request).await)
            }
        }
    }

    fn message<T: Reply>(
        &mut self,
        result: Result<Response<T>, Status>,
    ) -> Option<Result<MetadataMap, Status>> {
        Some(result.map(|response| {
            self.initial = response.metadata().clone();
            self.received(response.get_ref());
            response.trailers().clone()
        }))
    }

    async fn stream<T: Reply>(
        &mut self,
        result: Result<Response<Streaming<T>>, Status>,
        mut turns: Turns,
    ) -> Option<Result<MetadataMap, Status>> {
        let response = match result {
            Ok(response) => response,
            Err(status) => return Some(Err(status)),
        };
        self.initial = response.metadata().clone();
        let mut responses = response.into_inner();
        loop {
            if self.drop_after == Some(self.responses.len()) {
                return None;
            }
            match responses.message().await {
                Ok(Some(message)) => self.received(&message),
                Ok(None) => return Some(Ok(responses.trailers().clone())),
                Err(status) => return Some(Err(status)),
            }
            turns.next();
        }
    }

    fn received<T: Reply>(&mut self, message: &T) {
        let (size, zeros) = message.content();
        self.responses.push(Received {
            size,
            zeros,
            at: self.began.elapsed(),
        });
    }
}

fn request<T>(message: T, metadata: MetadataMap, timeout: Option<Duration>) -> Request<T> {
    let mut request = Request::new(message);
    *request.metadata_mut() = metadata;
    match timeout {
        Some(timeout) => request.with_timeout(timeout),
        None => request,
    }
}

/// Sends requests one by one.
struct Turns {
    left: std::vec::IntoIter<StreamingOutputCallRequest>,
    to: Option<mpsc::UnboundedSender<StreamingOutputCallRequest>>,
}

impl Turns {
    fn none() -> Self {
        Self {
            left: Vec::new().into_iter(),
            to: None,
        }
    }

    fn new(
        requests: Vec<StreamingOutputCallRequest>,
    ) -> (Self, Streaming<StreamingOutputCallRequest>) {
        let (to, from) = mpsc::unbounded_channel();
        let mut turns = Self {
            left: requests.into_iter(),
            to: Some(to),
        };
        turns.next();
        let messages = stream::unfold(from, async |mut from| {
            let message = from.recv().await?;
            Some((Ok(message), from))
        });
        (turns, Streaming::from_stream(messages))
    }

    /// Sends the next request, or ends the stream of them.
    fn next(&mut self) {
        match (self.left.next(), &self.to) {
            // The server may have ended the call; its status says so.
            (Some(request), Some(to)) => drop(to.send(request)),
            _ => self.to = None,
        }
    }
}

/// A message that a server answers with.
trait Reply {
    /// Its size as [`Received`] has it, and whether it has nothing but zeros.
    fn content(&self) -> (usize, bool);
}

impl Reply for Empty {
    fn content(&self) -> (usize, bool) {
        (0, true)
    }
}

impl Reply for SimpleResponse {
    fn content(&self) -> (usize, bool) {
        body(self.payload.as_ref().map(|payload| &payload.body))
    }
}

impl Reply for StreamingOutputCallResponse {
    fn content(&self) -> (usize, bool) {
        body(self.payload.as_ref().map(|payload| &payload.body))
    }
}

impl Reply for StreamingInputCallResponse {
    fn content(&self) -> (usize, bool) {
        let size = usize::try_from(self.aggregated_payload_size);
        (size.unwrap_or(usize::MAX), true)
    }
}

fn body(bytes: Option<&Bytes>) -> (usize, bool) {
    bytes.map_or((0, true), |bytes| {
        (bytes.len(), bytes.iter().all(|&byte| byte == 0))
    })
}
