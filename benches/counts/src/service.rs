//! The service on grpcweb.

use std::collections::HashMap;
use std::iter::repeat_n;

use bytes::Bytes;
use grpcweb_runtime::{Request, Response, Router, Status, Streaming};
use proto::bench::bench_server::{Bench, BenchServer};
use proto::bench::{CountRequest, IngestReply, IngestRequest, LogRecord, Payload, Source};

pub(crate) mod proto {
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
        let payloads = repeat_n(payload(size as usize), count as usize);
        Ok(Response::new(Streaming::from_iter(payloads)))
    }

    async fn ingest(
        &self,
        request: Request<IngestRequest>,
    ) -> Result<Response<IngestReply>, Status> {
        let records = request.into_inner().records;
        let accepted = u32::try_from(records.len()).unwrap_or(u32::MAX);
        Ok(Response::new(IngestReply { accepted }))
    }

    async fn wait(&self, _: Request<Payload>) -> Result<Response<Streaming<Payload>>, Status> {
        Err(Status::unimplemented("nothing is counted of it"))
    }
}

pub(crate) fn router() -> Router {
    Router::new().add_service(BenchServer::new(MyBench))
}

pub(crate) fn payload(size: usize) -> Payload {
    Payload {
        data: Bytes::from(vec![b'a'; size]),
    }
}

/// Records of some 350 bytes, as `benches/load` sends them.
pub(crate) fn records(count: u32) -> IngestRequest {
    let attributes = [
        ("http.request.method", "POST"),
        ("http.route", "/api/v1/things/:id"),
        ("deployment.environment", "production"),
        ("cloud.region", "eu-central-1"),
        ("http.response.status_code", "200"),
    ];
    let attributes: HashMap<_, _> = attributes
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    let records = (0..count).map(|number| LogRecord {
        time_unix_nano: 1_760_000_000_000_000_000 + u64::from(number),
        severity: 9,
        severity_text: "INFO".to_owned(),
        body: format!(
            "request {number} to /api/v1/things/{} took {number} ms, of which the database took {number} ms",
            number * 7
        ),
        source: Some(Source {
            service: "checkout".to_owned(),
            host: format!("host-{}.example.com", number % 8),
            pid: 4711 + number,
        }),
        attributes: attributes.clone(),
        trace_id: format!("{:032x}", u128::from(number) * 0x9e37_79b9),
        span_id: format!("{:016x}", u64::from(number) * 0x9e37_79b9),
    });
    IngestRequest {
        records: records.collect(),
    }
}
