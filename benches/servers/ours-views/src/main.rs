//! The service on grpcweb, with a view of what is ingested.

use std::iter::repeat_n;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use grpcweb_runtime::{Request, Response, Router, Status, Streaming};
use proto::bench::bench_server::{Bench, BenchServer};
use proto::bench::{CountRequest, IngestReply, IngestRequestView, Payload};

mod proto {
    grpcweb_runtime::include_protos!();
}

struct MyBench;

impl Bench for MyBench {
    async fn echo(&self, request: Request<Payload>) -> Result<Response<Payload>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn count(
        &self,
        request: Request<CountRequest>,
    ) -> Result<Response<Streaming<Payload>>, Status> {
        let CountRequest { count, size } = request.into_inner();
        let data = Bytes::from(vec![b'a'; size as usize]);
        let payloads = repeat_n(Payload { data }, count as usize);
        Ok(Response::new(Streaming::from_iter(payloads)))
    }

    async fn ingest(
        &self,
        request: Request<IngestRequestView<'_>>,
    ) -> Result<Response<IngestReply>, Status> {
        let records = &request.get_ref().records;
        let accepted = u32::try_from(records.len()).unwrap_or(u32::MAX);
        Ok(Response::new(IngestReply { accepted }))
    }

    async fn wait(
        &self,
        request: Request<Payload>,
    ) -> Result<Response<Streaming<Payload>>, Status> {
        let first = stream::iter([Ok(request.into_inner())]);
        Ok(Response::new(Streaming::from_stream(
            first.chain(stream::pending()),
        )))
    }
}

fn main() -> std::io::Result<()> {
    let router = Router::new().add_service(BenchServer::new(MyBench));
    harness::serve(|listener| grpcweb_runtime::serve(listener, router).into_future())
}
