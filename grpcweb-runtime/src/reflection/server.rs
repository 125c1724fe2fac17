use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::answers::Answers;
use super::files::Files;
use super::generated::grpc::reflection::{v1, v1alpha};
use super::v1::{ServerReflectionRequest, ServerReflectionResponse};
use crate::{CancelReason, Cancelled, Request, Response, Status, Streaming};

/// The service, in both versions.
#[derive(Debug)]
pub(super) struct ReflectionServer {
    pub(super) files: Arc<Files>,
    /// The services that are listed, in their order.
    pub(super) listed: Arc<[String]>,
}

type Reply = Response<Streaming<ServerReflectionResponse>>;

impl ReflectionServer {
    fn answer(&self, request: Request<Streaming<ServerReflectionRequest>>) -> Reply {
        Response::new(Streaming::from_stream(Conversation {
            answers: Answers::new(Arc::clone(&self.files), Arc::clone(&self.listed)),
            cancelled: request.cancelled(),
            requests: request.into_inner(),
        }))
    }
}

impl v1::server_reflection_server::ServerReflection for ReflectionServer {
    async fn server_reflection_info(
        &self,
        request: Request<Streaming<ServerReflectionRequest>>,
    ) -> Result<Reply, Status> {
        Ok(self.answer(request))
    }
}

impl v1alpha::server_reflection_server::ServerReflection for ReflectionServer {
    async fn server_reflection_info(
        &self,
        request: Request<Streaming<ServerReflectionRequest>>,
    ) -> Result<Reply, Status> {
        Ok(self.answer(request))
    }
}

/// The answer to each request. A server that shuts down does not wait for a tool that says nothing.
struct Conversation {
    answers: Answers,
    requests: Streaming<ServerReflectionRequest>,
    cancelled: Cancelled,
}

impl Stream for Conversation {
    type Item = Result<ServerReflectionResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        match this.requests.poll_message(cx) {
            Poll::Ready(next) => Poll::Ready(next.map(|request| this.answers.answer(request?))),
            Poll::Pending => match Pin::new(&mut this.cancelled).poll(cx) {
                Poll::Ready(CancelReason::Shutdown) => Poll::Ready(None),
                _ => Poll::Pending,
            },
        }
    }
}
