//! The service on grpcweb, with a view of what is ingested.

use grpcweb_runtime::{Request, Response, Router, Status, Streaming};
use proto::bench::bench_server::{Bench, BenchServer};
use proto::bench::{CountRequest, IngestReply, IngestRequestView, Payload};

mod proto {
    grpcweb_runtime::include_protos!("views/mod.rs");
}

const ELSEWHERE: &str = "it is counted with the other service";

struct MyBench;

impl Bench for MyBench {
    async fn echo(&self, _: Request<Payload>) -> Result<Response<Payload>, Status> {
        Err(Status::unimplemented(ELSEWHERE))
    }

    async fn count(
        &self,
        _: Request<CountRequest>,
    ) -> Result<Response<Streaming<Payload>>, Status> {
        Err(Status::unimplemented(ELSEWHERE))
    }

    async fn ingest(
        &self,
        request: Request<IngestRequestView<'_>>,
    ) -> Result<Response<IngestReply>, Status> {
        let records = &request.get_ref().records;
        let accepted = u32::try_from(records.len()).unwrap_or(u32::MAX);
        Ok(Response::new(IngestReply { accepted }))
    }

    async fn wait(&self, _: Request<Payload>) -> Result<Response<Streaming<Payload>>, Status> {
        Err(Status::unimplemented(ELSEWHERE))
    }
}

pub(crate) fn router() -> Router {
    Router::new().add_service(BenchServer::new(MyBench))
}
