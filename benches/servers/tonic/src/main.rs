//! The service on tonic with tonic-web.

use std::io;
use std::iter::repeat_n;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use proto::bench_server::{Bench, BenchServer};
use proto::{CountRequest, IngestReply, IngestRequest, Payload};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tonic_web::GrpcWebLayer;

#[expect(unreachable_pub, reason = "generated")]
mod proto {
    tonic::include_proto!("bench");
}

struct MyBench;

#[tonic::async_trait]
impl Bench for MyBench {
    async fn echo(&self, request: Request<Payload>) -> Result<Response<Payload>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    type CountStream = BoxStream<'static, Result<Payload, Status>>;

    async fn count(
        &self,
        request: Request<CountRequest>,
    ) -> Result<Response<Self::CountStream>, Status> {
        let CountRequest { count, size } = request.into_inner();
        let data = Bytes::from(vec![b'a'; size as usize]);
        let payloads = repeat_n(Payload { data }, count as usize);
        Ok(Response::new(stream::iter(payloads.map(Ok)).boxed()))
    }

    async fn ingest(
        &self,
        request: Request<IngestRequest>,
    ) -> Result<Response<IngestReply>, Status> {
        let records = request.into_inner().records;
        let accepted = u32::try_from(records.len()).unwrap_or(u32::MAX);
        Ok(Response::new(IngestReply { accepted }))
    }

    type WaitStream = BoxStream<'static, Result<Payload, Status>>;

    async fn wait(&self, request: Request<Payload>) -> Result<Response<Self::WaitStream>, Status> {
        let first = stream::iter([Ok(request.into_inner())]);
        Ok(Response::new(first.chain(stream::pending()).boxed()))
    }
}

fn main() -> io::Result<()> {
    harness::serve(|listener| async {
        Server::builder()
            .accept_http1(true)
            .layer(GrpcWebLayer::new())
            .add_service(BenchServer::new(MyBench))
            .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
            .await
            .map_err(io::Error::other)
    })
}
