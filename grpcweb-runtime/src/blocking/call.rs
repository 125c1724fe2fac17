//! The four kinds of calls, as generated clients make them.

use prost::Message;

use super::Messages;
use super::block_on::block_on;
use crate::client::{Client, Transport};
use crate::{MethodDescriptor, Request, Response, Status, Streaming};

/// See [`Client::unary`].
///
/// # Errors
///
/// As there.
pub fn unary<T: Transport, Req, Res>(
    client: Client<T>,
    method: &'static MethodDescriptor,
    request: Request<Req>,
) -> Result<Response<Res>, Status>
where
    Req: Message + Default,
    Res: Message + Default,
{
    block_on(client.unary(method, request))
}

/// See [`Client::server_streaming`].
///
/// # Errors
///
/// As there.
pub fn server_streaming<T: Transport, Req, Res>(
    client: Client<T>,
    method: &'static MethodDescriptor,
    request: Request<Req>,
) -> Result<Response<Messages<Res>>, Status>
where
    Req: Message + Default,
    Res: Message + Default,
{
    let response = block_on(client.server_streaming(method, request))?;
    Ok(response.map(Messages::new))
}

/// See [`Client::client_streaming`].
///
/// # Errors
///
/// As there.
pub fn client_streaming<T: Transport, Req, Res>(
    client: Client<T>,
    method: &'static MethodDescriptor,
    request: Request<Streaming<Req>>,
) -> Result<Response<Res>, Status>
where
    Req: Message + Default + 'static,
    Res: Message + Default,
{
    block_on(client.client_streaming(method, request))
}

/// See [`Client::bidi_streaming`].
///
/// # Errors
///
/// As there.
pub fn bidi_streaming<T: Transport, Req, Res>(
    client: Client<T>,
    method: &'static MethodDescriptor,
    request: Request<Streaming<Req>>,
) -> Result<Response<Messages<Res>>, Status>
where
    Req: Message + Default + 'static,
    Res: Message + Default,
{
    let response = block_on(client.bidi_streaming(method, request))?;
    Ok(response.map(Messages::new))
}
