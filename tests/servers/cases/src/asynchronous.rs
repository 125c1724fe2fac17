//! The generated client on a `Channel`.

use grpcweb_runtime::client::{ChannelError, Client};
use grpcweb_runtime::{Channel, MetadataMap, Response, Status, Streaming};
use tokio::runtime::Runtime;

use crate::call::{Call, Caller, Method, Outcome, Pace};
use crate::kinds::Kind;
use crate::proto::grpc::testing::Empty;
use crate::proto::grpc::testing::test_service_client::TestServiceClient;
use crate::proto::grpc::testing::unimplemented_service_client::UnimplementedServiceClient;
use crate::running::{Reply, Running, request};
use crate::turns::Turns;

/// The asynchronous client, all its calls over the same connections.
#[derive(Debug)]
pub(crate) struct Asynchronous {
    runtime: Runtime,
    client: TestServiceClient<Channel>,
    unimplemented: UnimplementedServiceClient<Channel>,
}

impl Asynchronous {
    pub(crate) fn new(url: &str, kind: &Kind) -> Result<Self, ChannelError> {
        let channel = Channel::builder();
        let channel = if kind.http2 {
            channel.http2_prior_knowledge()
        } else {
            channel
        };
        let client = Client::new(channel.build(url)?).protocol(kind.protocol);
        Ok(Self {
            runtime: Runtime::new().expect("threads can be started"),
            client: TestServiceClient::from(client.clone()),
            unimplemented: UnimplementedServiceClient::from(client),
        })
    }
}

impl Caller for Asynchronous {
    fn call(&self, call: Call) -> Outcome {
        let mut running = Running::new(&call);
        let end = self.runtime.block_on(running.end_of(self, call));
        running.outcome(end)
    }
}

impl Running {
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

    async fn stream<T: Reply>(
        &mut self,
        result: Result<Response<Streaming<T>>, Status>,
        mut turns: Turns,
    ) -> Option<Result<MetadataMap, Status>> {
        let response = match result {
            Ok(response) => response,
            Err(status) => return Some(Err(status)),
        };
        self.began_with(response.metadata());
        let mut responses = response.into_inner();
        loop {
            if self.is_to_drop() {
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
}
