//! The generated client that blocks, on a `blocking::Channel`.

use grpcweb_runtime::blocking::{Channel, ChannelError, Messages};
use grpcweb_runtime::client::Client;
use grpcweb_runtime::{MetadataMap, Response, Status};

use crate::call::{Call, Caller, Method, Outcome, Pace};
use crate::kinds::Kind;
use crate::proto::grpc::testing::Empty;
use crate::proto::grpc::testing::test_service_client::TestServiceBlockingClient;
use crate::proto::grpc::testing::unimplemented_service_client::UnimplementedServiceBlockingClient;
use crate::running::{Reply, Running, request};
use crate::turns::Turns;

/// The blocking client, all its calls over the same connections.
#[derive(Debug)]
pub(crate) struct Blocking {
    client: TestServiceBlockingClient<Channel>,
    unimplemented: UnimplementedServiceBlockingClient<Channel>,
}

impl Blocking {
    pub(crate) fn new(url: &str, kind: &Kind) -> Result<Self, ChannelError> {
        let channel = Channel::builder().no_proxy().build(url)?;
        let client = Client::new(channel).protocol(kind.protocol);
        Ok(Self {
            client: TestServiceBlockingClient::from(client.clone()),
            unimplemented: UnimplementedServiceBlockingClient::from(client),
        })
    }
}

impl Caller for Blocking {
    fn call(&self, call: Call) -> Outcome {
        let mut running = Running::new(&call);
        let end = running.end_of_blocking(self, call);
        running.outcome(end)
    }
}

impl Running {
    fn end_of_blocking(
        &mut self,
        to: &Blocking,
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
                self.message(client.empty_call(request))
            }
            Method::UnaryCall(message) => {
                let request = request(message, metadata, timeout);
                self.message(client.unary_call(request))
            }
            Method::StreamingOutputCall(message) => {
                let request = request(message, metadata, timeout);
                self.messages(client.streaming_output_call(request), Turns::none())
            }
            Method::StreamingInputCall(messages) => {
                let request = request(messages, metadata, timeout);
                self.message(client.streaming_input_call(request))
            }
            Method::FullDuplexCall(messages, Pace::AtOnce) => {
                let request = request(messages, metadata, timeout);
                self.messages(client.full_duplex_call(request), Turns::none())
            }
            Method::FullDuplexCall(messages, Pace::InTurns) => {
                let (turns, messages) = Turns::new(messages);
                let request = request(messages, metadata, timeout);
                self.messages(client.full_duplex_call(request), turns)
            }
            Method::HalfDuplexCall(messages) => {
                let request = request(messages, metadata, timeout);
                self.messages(client.half_duplex_call(request), Turns::none())
            }
            Method::UnimplementedCall => {
                let request = request(Empty {}, metadata, timeout);
                self.message(client.unimplemented_call(request))
            }
            Method::UnimplementedService => {
                let request = request(Empty {}, metadata, timeout);
                self.message(to.unimplemented.unimplemented_call(request))
            }
        }
    }

    fn messages<T: Reply>(
        &mut self,
        result: Result<Response<Messages<T>>, Status>,
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
            match responses.next() {
                Some(Ok(message)) => self.received(&message),
                Some(Err(status)) => return Some(Err(status)),
                None => return Some(Ok(responses.trailers().clone())),
            }
            turns.next();
        }
    }
}
