//! The client that waits with a thread.

mod connect;
mod receive;
mod upload;

use grpcweb_runtime::blocking::Channel;
use grpcweb_runtime::client::Client;

use super::channels::Channels;
use crate::Error;
use crate::v1::conformance_service_client::ConformanceServiceBlockingClient;
use crate::v1::{ClientCompatRequest, ClientResponseResult};
use receive::{all, one};
use upload::Upload;

/// Makes a call, and says what became of it.
///
/// # Errors
///
/// Where the call cannot be made as the request asks for it.
pub fn call(
    case: &ClientCompatRequest,
    channels: &Channels<Channel>,
) -> Result<ClientResponseResult, Error> {
    if case.cancels_after_close().is_some() {
        return Err("a call that waits for its response cannot be cancelled".into());
    }
    if case.takes_turns() {
        return Err("a request is sent to its end before its response is read".into());
    }
    let client = case.configure(Client::new(channels.to(case)?))?;
    let client = ConformanceServiceBlockingClient::from(client);
    let mut result = ClientResponseResult::default();
    let received = match case.method() {
        "Unary" => one(client.unary(case.request(case.message()?)?), &mut result),
        "IdempotentUnary" => {
            let request = case.request(case.message()?)?;
            one(client.idempotent_unary(request), &mut result)
        }
        "Unimplemented" => {
            let request = case.request(case.message()?)?;
            one(client.unimplemented(request), &mut result)
        }
        "ServerStream" => {
            let request = case.request(case.message()?)?;
            all(case, client.server_stream(request), &mut result)
        }
        "ClientStream" => {
            let (messages, upload) = Upload::new(case)?;
            let received = one(client.client_stream(case.request(messages)?), &mut result);
            result.num_unsent_requests = upload.unsent();
            received
        }
        "BidiStream" => {
            let (messages, upload) = Upload::new(case)?;
            let response = client.bidi_stream(case.request(messages)?);
            result.num_unsent_requests = upload.unsent();
            all(case, response, &mut result)
        }
        other => return Err(format!("there is no method {other:?}").into()),
    };
    received.unwrap_or_else(|status| result.fail(&status));
    Ok(result)
}
