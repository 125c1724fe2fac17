use std::future::Future;

use grpcweb_runtime::{Response, Status, Streaming};

use crate::client::outcome::Reply;
use crate::v1::{ClientCompatRequest, ClientResponseResult};

/// Receives a response of one message.
pub(super) async fn one<Res: Reply>(
    response: impl Future<Output = Result<Response<Res>, Status>>,
    result: &mut ClientResponseResult,
) -> Result<(), Status> {
    result.complete(response.await?);
    Ok(())
}

/// Receives a stream, and calls `each` after each message. Cancels it after as many as the case says.
pub(super) async fn all<Res: Reply>(
    case: &ClientCompatRequest,
    response: impl Future<Output = Result<Response<Streaming<Res>>, Status>>,
    result: &mut ClientResponseResult,
    each: impl Fn(),
) -> Result<(), Status> {
    let response = response.await?;
    result.headers(response.metadata());
    let mut messages = response.into_inner();
    while let Some(message) = messages.message().await? {
        result.push(message);
        if case.cancels_after_responses() == Some(result.payloads.len()) {
            return Err(cancelled());
        }
        each();
    }
    result.end(messages.trailers());
    Ok(())
}

/// Receives a response, unless the call is to be cancelled before: some time after the request `ended`. A
/// call is cancelled by dropping what is left of it.
pub(super) async fn unless_cancelled(
    case: &ClientCompatRequest,
    receiving: impl Future<Output = Result<(), Status>>,
    ended: impl Future<Output = ()>,
) -> Result<(), Status> {
    let cancelling = async {
        match case.cancels_after_close() {
            Some(delay) => {
                ended.await;
                tokio::time::sleep(delay).await;
            }
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        received = receiving => received,
        () = cancelling => Err(cancelled()),
    }
}

fn cancelled() -> Status {
    Status::cancelled("the call was dropped, as the case wants it")
}
