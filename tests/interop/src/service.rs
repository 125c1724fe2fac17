use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, future, stream};
use grpcweb_runtime::{Code, Request, Response, Status, Streaming};
use tokio::time::{Duration, Instant, sleep_until};

use crate::calls::{CALL_ID, Calls};
use crate::echo::Echo;
use crate::proto::grpc::testing::test_service_server::TestService;
use crate::proto::grpc::testing::{
    EchoStatus, Empty, Payload, PayloadType, ResponseParameters, SimpleRequest, SimpleResponse,
    StreamingInputCallRequest, StreamingInputCallResponse, StreamingOutputCallRequest,
    StreamingOutputCallResponse,
};

/// The standard service. What it answers is written at its methods in `test.proto`.
#[derive(Debug, Default)]
pub struct Interop {
    calls: Calls,
}

impl Interop {
    /// The service, with the calls that stream to the client in `calls`.
    pub fn new(calls: Calls) -> Self {
        Self { calls }
    }

    /// A streaming answer to `request`, which may ask for metadata back.
    fn stream<T, S>(
        &self,
        request: Request<T>,
        responses: impl FnOnce(T) -> S,
    ) -> Result<Response<Streaming<StreamingOutputCallResponse>>, Status>
    where
        S: Stream<Item = Result<StreamingOutputCallResponse, Status>> + Send + 'static,
    {
        let echo = Echo::of(request.metadata());
        let id = request.metadata().get(CALL_ID).map(str::to_owned);
        let responses = self.calls.watch(id, responses(request.into_inner()));
        echo.with(Ok(Streaming::from_stream(responses)))
    }
}

impl TestService for Interop {
    async fn empty_call(&self, request: Request<Empty>) -> Result<Response<Empty>, Status> {
        Echo::of(request.metadata()).with(Ok(Empty {}))
    }

    async fn unary_call(
        &self,
        request: Request<SimpleRequest>,
    ) -> Result<Response<SimpleResponse>, Status> {
        let echo = Echo::of(request.metadata());
        let may_be_compressed = request.metadata().get("grpc-encoding").is_some();
        let SimpleRequest {
            response_size,
            response_status,
            expect_compressed,
            ..
        } = request.into_inner();
        let payload = if expect_compressed.is_some_and(|expect| expect.value) && !may_be_compressed
        {
            Err(Status::invalid_argument("the request is not compressed"))
        } else {
            as_asked(response_status).and_then(|()| zeros(response_size))
        };
        echo.with(payload.map(|payload| SimpleResponse {
            payload: Some(payload),
        }))
    }

    async fn cacheable_unary_call(
        &self,
        request: Request<SimpleRequest>,
    ) -> Result<Response<SimpleResponse>, Status> {
        let echo = Echo::of(request.metadata());
        // Differs from call to call, so that the client sees whether this is an answer that was kept.
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_err(|error| Status::internal(error.to_string()))?;
        let mut response = echo.with(Ok(SimpleResponse {
            payload: Some(payload(now.as_nanos().to_string())),
        }))?;
        let metadata = response.metadata_mut();
        metadata.insert("cache-control", "max-age=60, public")?;
        Ok(response)
    }

    async fn streaming_output_call(
        &self,
        request: Request<StreamingOutputCallRequest>,
    ) -> Result<Response<Streaming<StreamingOutputCallResponse>>, Status> {
        self.stream(request, responses)
    }

    async fn streaming_input_call(
        &self,
        request: Request<Streaming<StreamingInputCallRequest>>,
    ) -> Result<Response<StreamingInputCallResponse>, Status> {
        let echo = Echo::of(request.metadata());
        let sizes = request
            .into_inner()
            .map_ok(|request| request.payload.map_or(0, |payload| payload.body.len()));
        let sum = sizes.try_fold(0, |sum, size| future::ok(sum + size)).await;
        let sum = sum.and_then(|sum| {
            i32::try_from(sum).map_err(|_| Status::out_of_range("more than 2 GiB came in"))
        });
        echo.with(sum.map(|sum| StreamingInputCallResponse {
            aggregated_payload_size: sum,
        }))
    }

    async fn full_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<Streaming<StreamingOutputCallResponse>>, Status> {
        self.stream(request, |requests| requests.map_ok(responses).try_flatten())
    }

    async fn half_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<Streaming<StreamingOutputCallResponse>>, Status> {
        self.stream(request, |requests| {
            stream::once(requests.try_collect::<Vec<_>>())
                .map_ok(|requests| stream::iter(requests).map(responses).flatten())
                .try_flatten()
        })
    }

    async fn unimplemented_call(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Err(Status::unimplemented("nobody implements this"))
    }
}

/// The messages that a request asks for, each when it is due, and then the status.
fn responses(
    request: StreamingOutputCallRequest,
) -> impl Stream<Item = Result<StreamingOutputCallResponse, Status>> {
    let mut due = Instant::now();
    let messages = stream::iter(request.response_parameters).then(move |parameters| {
        due += interval(&parameters);
        async move {
            sleep_until(due).await;
            Ok(StreamingOutputCallResponse {
                payload: Some(zeros(parameters.size)?),
            })
        }
    });
    let failure = as_asked(request.response_status).err();
    messages.chain(stream::iter(failure.map(Err)))
}

fn interval(parameters: &ResponseParameters) -> Duration {
    Duration::from_micros(u64::try_from(parameters.interval_us).unwrap_or(0))
}

/// The status that a request asks for.
fn as_asked(status: Option<EchoStatus>) -> Result<(), Status> {
    match status {
        Some(EchoStatus { code, message }) if code != 0 => {
            Err(Status::new(Code::from_i32(code), message))
        }
        _ => Ok(()),
    }
}

fn zeros(size: i32) -> Result<Payload, Status> {
    let size = usize::try_from(size)
        .map_err(|_| Status::invalid_argument(format!("a payload of {size} bytes")))?;
    Ok(payload(vec![0; size]))
}

fn payload(body: impl Into<Bytes>) -> Payload {
    Payload {
        r#type: PayloadType::Compressable.into(),
        body: body.into(),
    }
}
