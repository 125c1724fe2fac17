use std::pin::Pin;
use std::time::Duration;

use async_stream::try_stream;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use tokio::time::{Instant, sleep_until};
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Response, Status, Streaming};

use crate::echo::echo;
use crate::proto::test_service_server::TestService;
use crate::proto::{
    EchoStatus, Empty, Payload, SimpleRequest, SimpleResponse, StreamingInputCallRequest,
    StreamingInputCallResponse, StreamingOutputCallRequest, StreamingOutputCallResponse,
};

/// Initial metadata of a stream whose request came with a deadline.
const DEADLINE: &str = "x-deadline";

type Outputs = Pin<Box<dyn Stream<Item = Result<StreamingOutputCallResponse, Status>> + Send>>;

/// The standard service. What it answers is written at its methods in `test.proto`.
#[derive(Debug)]
pub(crate) struct Standard;

#[tonic::async_trait]
impl TestService for Standard {
    type StreamingOutputCallStream = Outputs;
    type FullDuplexCallStream = Outputs;
    type HalfDuplexCallStream = Outputs;

    async fn empty_call(&self, request: Request<Empty>) -> Result<Response<Empty>, Status> {
        echo(request.metadata(), Ok(Empty {}))
    }

    async fn unary_call(
        &self,
        request: Request<SimpleRequest>,
    ) -> Result<Response<SimpleResponse>, Status> {
        let asked = request.get_ref();
        let result = as_asked(asked.response_status.as_ref()).map(|()| SimpleResponse {
            payload: Some(zeros(asked.response_size)),
        });
        echo(request.metadata(), result)
    }

    async fn cacheable_unary_call(
        &self,
        _: Request<SimpleRequest>,
    ) -> Result<Response<SimpleResponse>, Status> {
        Err(Status::unimplemented("no case calls this"))
    }

    async fn streaming_output_call(
        &self,
        request: Request<StreamingOutputCallRequest>,
    ) -> Result<Response<Outputs>, Status> {
        let (metadata, _, asked) = request.into_parts();
        let mut response = echo(&metadata, Ok(outputs(asked)))?;
        if metadata.contains_key("grpc-timeout") {
            let value = MetadataValue::from_static("yes");
            response.metadata_mut().insert(DEADLINE, value);
        }
        Ok(response)
    }

    async fn streaming_input_call(
        &self,
        request: Request<Streaming<StreamingInputCallRequest>>,
    ) -> Result<Response<StreamingInputCallResponse>, Status> {
        let (metadata, _, mut requests) = request.into_parts();
        let mut sum = 0;
        while let Some(request) = requests.message().await? {
            sum += request.payload.map_or(0, |payload| payload.body.len());
        }
        let sum = i32::try_from(sum).map_err(|_| Status::out_of_range("more than 2 GiB"));
        let response = sum.map(|aggregated_payload_size| StreamingInputCallResponse {
            aggregated_payload_size,
        });
        echo(&metadata, response)
    }

    async fn full_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<Outputs>, Status> {
        let (metadata, _, requests) = request.into_parts();
        echo(
            &metadata,
            Ok(requests.map_ok(outputs).try_flatten().boxed()),
        )
    }

    async fn half_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<Outputs>, Status> {
        let (metadata, _, requests) = request.into_parts();
        let responses = try_stream! {
            let requests: Vec<_> = requests.try_collect().await?;
            for request in requests {
                for await response in outputs(request) {
                    yield response?;
                }
            }
        };
        echo(&metadata, Ok(responses.boxed()))
    }

    async fn unimplemented_call(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Err(Status::unimplemented("nobody implements this"))
    }
}

/// The messages that a request asks for, each when it is due, and then the status.
fn outputs(request: StreamingOutputCallRequest) -> Outputs {
    try_stream! {
        let mut due = Instant::now();
        for parameters in request.response_parameters {
            due += Duration::from_micros(u64::try_from(parameters.interval_us).unwrap_or(0));
            sleep_until(due).await;
            yield StreamingOutputCallResponse { payload: Some(zeros(parameters.size)) };
        }
        as_asked(request.response_status.as_ref())?;
    }
    .boxed()
}

/// The status that a request asks for.
fn as_asked(status: Option<&EchoStatus>) -> Result<(), Status> {
    match status {
        Some(EchoStatus { code, message }) if *code != 0 => {
            Err(Status::new(Code::from_i32(*code), message))
        }
        _ => Ok(()),
    }
}

fn zeros(size: i32) -> Payload {
    Payload {
        body: vec![0; usize::try_from(size).unwrap_or(0)],
        ..Payload::default()
    }
}
