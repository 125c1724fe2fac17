//! The client that waits without a thread.

mod connect;
mod receive;
mod upload;

use std::future::Future;
use std::sync::Arc;

use grpcweb_runtime::client::Client;
use grpcweb_runtime::{Channel, Request, Response, Status, Streaming};
use prost::{Message, Name};
use tokio::sync::mpsc;

use super::channels::Channels;
use super::outcome::Reply;
use crate::Error;
use crate::v1::conformance_service_client::ConformanceServiceClient;
use crate::v1::{ClientCompatRequest, ClientResponseResult};
use receive::{all, one, unless_cancelled};
use upload::Upload;

/// Makes a call, and says what became of it.
///
/// # Errors
///
/// Where the call cannot be made as the request asks for it.
pub async fn call(
    case: ClientCompatRequest,
    channels: Arc<Channels<Channel>>,
) -> Result<ClientResponseResult, Error> {
    let case = &case;
    let client = Client::new(channels.to(case)?);
    let client = ConformanceServiceClient::from(case.configure(client)?);
    match case.method() {
        "Unary" => unary(case, |request| client.unary(request)).await,
        "IdempotentUnary" => unary(case, |request| client.idempotent_unary(request)).await,
        "Unimplemented" => unary(case, |request| client.unimplemented(request)).await,
        "ServerStream" => server_stream(case, |request| client.server_stream(request)).await,
        "ClientStream" => client_stream(case, |request| client.client_stream(request)).await,
        "BidiStream" => bidi_stream(case, |request| client.bidi_stream(request)).await,
        other => Err(format!("there is no method {other:?}").into()),
    }
}

async fn unary<Req, Res, F>(
    case: &ClientCompatRequest,
    invoke: impl FnOnce(Request<Req>) -> F,
) -> Result<ClientResponseResult, Error>
where
    Req: Message + Name + Default,
    Res: Reply,
    F: Future<Output = Result<Response<Res>, Status>>,
{
    let mut result = ClientResponseResult::default();
    let response = invoke(case.request(case.message()?)?);
    unless_cancelled(case, one(response, &mut result), std::future::ready(()))
        .await
        .unwrap_or_else(|status| result.fail(&status));
    Ok(result)
}

async fn server_stream<Req, Res, F>(
    case: &ClientCompatRequest,
    invoke: impl FnOnce(Request<Req>) -> F,
) -> Result<ClientResponseResult, Error>
where
    Req: Message + Name + Default,
    Res: Reply,
    F: Future<Output = Result<Response<Streaming<Res>>, Status>>,
{
    let mut result = ClientResponseResult::default();
    let response = invoke(case.request(case.message()?)?);
    let receiving = all(case, response, &mut result, || {});
    unless_cancelled(case, receiving, std::future::ready(()))
        .await
        .unwrap_or_else(|status| result.fail(&status));
    Ok(result)
}

async fn client_stream<Req, Res, F>(
    case: &ClientCompatRequest,
    invoke: impl FnOnce(Request<Streaming<Req>>) -> F,
) -> Result<ClientResponseResult, Error>
where
    Req: Message + Name + Default + 'static,
    Res: Reply,
    F: Future<Output = Result<Response<Res>, Status>>,
{
    let mut result = ClientResponseResult::default();
    let (messages, mut upload) = Upload::new(case, None)?;
    let response = invoke(case.request(messages)?);
    unless_cancelled(case, one(response, &mut result), upload.ended())
        .await
        .unwrap_or_else(|status| result.fail(&status));
    result.num_unsent_requests = upload.unsent();
    Ok(result)
}

async fn bidi_stream<Req, Res, F>(
    case: &ClientCompatRequest,
    invoke: impl FnOnce(Request<Streaming<Req>>) -> F,
) -> Result<ClientResponseResult, Error>
where
    Req: Message + Name + Default + 'static,
    Res: Reply,
    F: Future<Output = Result<Response<Streaming<Res>>, Status>>,
{
    let mut result = ClientResponseResult::default();
    let (answered, turns) = mpsc::unbounded_channel();
    let turns = case.takes_turns().then_some(turns);
    let (messages, mut upload) = Upload::new(case, turns)?;
    let response = invoke(case.request(messages)?);
    let receiving = all(case, response, &mut result, || {
        // Nobody waits for it where there are no turns, or the request has ended.
        let _ = answered.send(());
    });
    unless_cancelled(case, receiving, upload.ended())
        .await
        .unwrap_or_else(|status| result.fail(&status));
    result.num_unsent_requests = upload.unsent();
    Ok(result)
}
