use async_stream::try_stream;
use futures_util::Stream;
use grpcweb_runtime::{Request, Response, Status, Streaming};

use super::answer::{self, Replies};
use crate::v1::conformance_payload::RequestInfo;
use crate::v1::conformance_service_server::ConformanceService;
use crate::v1::{
    BidiStreamRequest, BidiStreamResponse, ClientStreamRequest, ClientStreamResponse,
    ConformancePayload, IdempotentUnaryRequest, IdempotentUnaryResponse, ServerStreamRequest,
    ServerStreamResponse, UnaryRequest, UnaryResponse,
};

/// The service that the suite calls, as `service.proto` describes it.
pub(super) struct Conformance;

impl ConformanceService for Conformance {
    async fn unary(
        &self,
        request: Request<UnaryRequest>,
    ) -> Result<Response<UnaryResponse>, Status> {
        let mut info = RequestInfo::of(&request);
        let request = request.into_inner();
        info.push(&request);
        let wrap = |payload| UnaryResponse {
            payload: Some(payload),
        };
        answer::unary(request.response_definition, info, wrap).await
    }

    async fn idempotent_unary(
        &self,
        request: Request<IdempotentUnaryRequest>,
    ) -> Result<Response<IdempotentUnaryResponse>, Status> {
        let mut info = RequestInfo::of(&request);
        let request = request.into_inner();
        info.push(&request);
        let wrap = |payload| IdempotentUnaryResponse {
            payload: Some(payload),
        };
        answer::unary(request.response_definition, info, wrap).await
    }

    async fn client_stream(
        &self,
        request: Request<Streaming<ClientStreamRequest>>,
    ) -> Result<Response<ClientStreamResponse>, Status> {
        let mut info = RequestInfo::of(&request);
        let mut requests = request.into_inner();
        let mut definition = None;
        while let Some(request) = requests.message().await? {
            let is_first = info.requests.is_empty();
            info.push(&request);
            if is_first {
                definition = request.response_definition;
            }
        }
        let wrap = |payload| ClientStreamResponse {
            payload: Some(payload),
        };
        answer::unary(definition, info, wrap).await
    }

    async fn server_stream(
        &self,
        request: Request<ServerStreamRequest>,
    ) -> Result<Response<Streaming<ServerStreamResponse>>, Status> {
        let mut info = RequestInfo::of(&request);
        let request = request.into_inner();
        info.push(&request);
        let definition = request.response_definition;
        let replies = Replies::new(definition.clone(), info);
        let messages = replies.into_stream(|payload| ServerStreamResponse {
            payload: Some(payload),
        });
        answer::streaming(definition.as_ref(), messages)
    }

    async fn bidi_stream(
        &self,
        request: Request<Streaming<BidiStreamRequest>>,
    ) -> Result<Response<Streaming<BidiStreamResponse>>, Status> {
        let mut info = RequestInfo::of(&request);
        let mut requests = request.into_inner();
        let Some(first) = requests.message().await? else {
            return Ok(Response::new(Streaming::from_iter([])));
        };
        let definition = first.response_definition.clone();
        if first.full_duplex {
            let replies = Replies::new(definition.clone(), info);
            let messages = full_duplex(first, requests, replies);
            return answer::streaming(definition.as_ref(), messages);
        }
        info.push(&first);
        // All of the request before the head of the response, so that HTTP/1.1 can do it too.
        while let Some(request) = requests.message().await? {
            info.push(&request);
        }
        let replies = Replies::new(definition.clone(), info);
        answer::streaming(definition.as_ref(), replies.into_stream(bidi))
    }
}

/// A response for each request in turn, then the responses that are left.
fn full_duplex(
    first: BidiStreamRequest,
    mut requests: Streaming<BidiStreamRequest>,
    mut replies: Replies,
) -> impl Stream<Item = Result<BidiStreamResponse, Status>> {
    try_stream! {
        let mut next = Some(first);
        while let Some(request) = next {
            replies.info_mut().push(&request);
            let Some(payload) = replies.next().await else {
                break;
            };
            yield bidi(payload);
            next = requests.message().await?;
        }
        while let Some(payload) = replies.next().await {
            yield bidi(payload);
        }
        replies.end()?;
    }
}

fn bidi(payload: ConformancePayload) -> BidiStreamResponse {
    BidiStreamResponse {
        payload: Some(payload),
    }
}
