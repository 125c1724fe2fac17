use std::future::pending;
use std::time::Duration;

use futures_util::stream;
use grpcweb_runtime::error_details::DebugInfo;
use grpcweb_runtime::{CancelReason, Cancelled, Request, Response, Status, Streaming};

use crate::board::{Board, Call};
use crate::proto::probe::probe_server::Probe;
use crate::proto::probe::{
    EchoReply, EchoRequest, Ending, FailRequest, Item, Nothing, Progress, TickRequest, Topic,
};

/// The service of one replica.
#[derive(Debug)]
pub struct MyProbe {
    replica: String,
    board: Board,
}

impl MyProbe {
    /// The service of a replica with a name.
    #[must_use]
    pub fn new(replica: String) -> Self {
        Self {
            replica,
            board: Board::default(),
        }
    }
}

impl Probe for MyProbe {
    async fn echo(&self, request: Request<EchoRequest>) -> Result<Response<EchoReply>, Status> {
        let remaining = request.remaining().unwrap_or_default();
        let client_ip = request.client_ip().map(|ip| ip.to_string());
        Ok(Response::new(EchoReply {
            payload: request.into_inner().payload,
            replica: self.replica.clone(),
            client_ip: client_ip.unwrap_or_default(),
            remaining_ms: remaining.as_millis().try_into().unwrap_or(u64::MAX),
        }))
    }

    async fn fail(&self, request: Request<FailRequest>) -> Result<Response<Nothing>, Status> {
        let detail = DebugInfo {
            detail: "d".repeat(request.into_inner().details_size as usize),
            ..DebugInfo::default()
        };
        Err(Status::failed_precondition("schön wär's, 100 %").with_detail(&detail))
    }

    async fn hang(&self, request: Request<Topic>) -> Result<Response<Nothing>, Status> {
        let call = self.board.call(&request.get_ref().name);
        call.saw_one();
        pending().await
    }

    async fn feed(&self, request: Request<Topic>) -> Result<Response<Streaming<Item>>, Status> {
        let Topic { name, items } = request.into_inner();
        let call = self.board.call(&name);
        let feed = stream::unfold((call, 0), move |(call, number)| async move {
            if number == items {
                call.end();
                return None;
            }
            call.released(number + 1).await;
            let item = Item {
                topic: call.name.clone(),
                number,
            };
            Some((Ok(item), (call, number + 1)))
        });
        Ok(Response::new(Streaming::from_stream(feed)))
    }

    async fn release(&self, request: Request<Topic>) -> Result<Response<Nothing>, Status> {
        let name = request.into_inner().name;
        self.board.change(&name, |topic| topic.released += 1);
        Ok(Response::new(Nothing {}))
    }

    async fn tick(
        &self,
        request: Request<TickRequest>,
    ) -> Result<Response<Streaming<Item>>, Status> {
        let interval = Duration::from_millis(request.get_ref().interval_ms.into());
        let replica = self.replica.clone();
        let ticks = Some((request.cancelled(), 0));
        let ticks = stream::unfold(ticks, move |ticks| {
            let topic = replica.clone();
            async move {
                let (mut cancelled, number) = ticks?;
                match ended_within(&mut cancelled, interval).await {
                    Some(reason) => Some((Err(ending(reason)), None)),
                    None => Some((Ok(Item { topic, number }), Some((cancelled, number + 1)))),
                }
            }
        });
        Ok(Response::new(Streaming::from_stream(ticks)))
    }

    async fn collect(&self, request: Request<Streaming<Item>>) -> Result<Response<Item>, Status> {
        let mut items = request.into_inner();
        let mut call: Option<Call> = None;
        let mut number = 0;
        while let Some(item) = items.message().await? {
            let call = call.get_or_insert_with(|| self.board.call(&item.topic));
            call.saw_one();
            number += 1;
        }
        let topic = call.as_ref().map(|call| call.name.clone());
        if let Some(call) = call {
            call.end();
        }
        Ok(Response::new(Item {
            topic: topic.unwrap_or_default(),
            number,
        }))
    }

    async fn chat(
        &self,
        request: Request<Streaming<Item>>,
    ) -> Result<Response<Streaming<Item>>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn seen(&self, request: Request<Progress>) -> Result<Response<Nothing>, Status> {
        let Progress { topic, items } = request.into_inner();
        self.board
            .wait_for(&topic, |topic| (topic.seen >= items).then_some(()))
            .await;
        Ok(Response::new(Nothing {}))
    }

    async fn ended(&self, request: Request<Topic>) -> Result<Response<Ending>, Status> {
        let name = request.into_inner().name;
        let by_itself = self.board.wait_for(&name, |topic| topic.ended).await;
        Ok(Response::new(Ending { by_itself }))
    }
}

/// Why the call was over within a time, if it was.
async fn ended_within(cancelled: &mut Cancelled, time: Duration) -> Option<CancelReason> {
    tokio::time::timeout(time, cancelled).await.ok()
}

/// How a stream ends whose call is over.
fn ending(reason: CancelReason) -> Status {
    match reason {
        CancelReason::Shutdown => Status::unavailable("this replica shuts down"),
        reason => Status::cancelled(format!("{reason:?}")),
    }
}
