//! The service on connectrpc, for both of its servers.

use std::iter::repeat_n;

use bytes::Bytes;
use connectrpc::{RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream};
use futures_util::stream::{self, StreamExt as _};
use proto::bench::{Bench, CountRequest, IngestReply, IngestRequest, Payload};

#[expect(
    elided_lifetimes_in_paths,
    missing_debug_implementations,
    unreachable_pub,
    reason = "generated"
)]
mod proto {
    connectrpc::include_generated!();
}

pub(crate) struct MyBench;

#[expect(refining_impl_trait, reason = "as its documentation writes it")]
impl Bench for MyBench {
    async fn echo(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, Payload>,
    ) -> ServiceResult<Payload> {
        Response::ok(request.to_owned_message())
    }

    async fn count(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, CountRequest>,
    ) -> ServiceResult<ServiceStream<Payload>> {
        let payload = Payload {
            data: Bytes::from(vec![b'a'; request.size as usize]),
            ..Default::default()
        };
        let payloads = repeat_n(payload, request.count as usize);
        Response::stream_ok(stream::iter(payloads.map(Ok)))
    }

    async fn ingest(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, IngestRequest>,
    ) -> ServiceResult<IngestReply> {
        Response::ok(IngestReply {
            accepted: u32::try_from(request.records.len()).unwrap_or(u32::MAX),
            ..Default::default()
        })
    }

    async fn wait(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, Payload>,
    ) -> ServiceResult<ServiceStream<Payload>> {
        let first = stream::iter([Ok(request.to_owned_message())]);
        Response::stream_ok(first.chain(stream::pending()))
    }
}
