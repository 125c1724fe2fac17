use grpcweb_runtime::blocking::Messages;
use grpcweb_runtime::{Response, Status};

use crate::client::outcome::Reply;
use crate::v1::{ClientCompatRequest, ClientResponseResult};

/// Receives a response of one message.
pub(super) fn one<Res: Reply>(
    response: Result<Response<Res>, Status>,
    result: &mut ClientResponseResult,
) -> Result<(), Status> {
    result.complete(response?);
    Ok(())
}

/// Receives a stream. Cancels it, by dropping it, after as many messages as the case says.
pub(super) fn all<Res: Reply>(
    case: &ClientCompatRequest,
    response: Result<Response<Messages<Res>>, Status>,
    result: &mut ClientResponseResult,
) -> Result<(), Status> {
    let response = response?;
    result.headers(response.metadata());
    let mut messages = response.into_inner();
    for message in &mut messages {
        result.push(message?);
        if case.cancels_after_responses() == Some(result.payloads.len()) {
            let message = "the call was dropped, as the case wants it";
            return Err(Status::cancelled(message));
        }
    }
    result.end(messages.trailers());
    Ok(())
}
