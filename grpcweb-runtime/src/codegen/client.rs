//! The calls of a generated client, by the kinds of methods. Each takes the service and the place of
//! the method in its `.proto` file.

use std::future::Future;

use prost::Message;

use super::{Result, method};
use crate::client::{Client, Transport};
use crate::{IntoRequest, Response, ServiceDescriptor, Streaming};

/// Calls a method that takes one message and returns one.
pub fn unary<T, R, Req, Res>(
    client: &Client<T>,
    service: &'static ServiceDescriptor,
    index: usize,
    request: R,
) -> impl Future<Output = Result<Response<Res>>> + use<T, R, Req, Res>
where
    T: Transport,
    R: IntoRequest<Req>,
    Req: Message + Default,
    Res: Message + Default,
{
    let client = client.clone();
    client.unary(method(service, index), request.into_request())
}

/// Calls a method that takes one message and returns a stream of them.
pub fn server_streaming<T, R, Req, Res>(
    client: &Client<T>,
    service: &'static ServiceDescriptor,
    index: usize,
    request: R,
) -> impl Future<Output = Result<Response<Streaming<Res>>>> + use<T, R, Req, Res>
where
    T: Transport,
    R: IntoRequest<Req>,
    Req: Message + Default,
    Res: Message + Default,
{
    let client = client.clone();
    client.server_streaming(method(service, index), request.into_request())
}

/// Calls a method that takes a stream of messages and returns one.
pub fn client_streaming<T, R, Req, Res>(
    client: &Client<T>,
    service: &'static ServiceDescriptor,
    index: usize,
    request: R,
) -> impl Future<Output = Result<Response<Res>>> + use<T, R, Req, Res>
where
    T: Transport,
    R: IntoRequest<Streaming<Req>>,
    Req: Message + Default + 'static,
    Res: Message + Default,
{
    let client = client.clone();
    client.client_streaming(method(service, index), request.into_request())
}

/// Calls a method that takes and returns streams of messages.
pub fn bidi_streaming<T, R, Req, Res>(
    client: &Client<T>,
    service: &'static ServiceDescriptor,
    index: usize,
    request: R,
) -> impl Future<Output = Result<Response<Streaming<Res>>>> + use<T, R, Req, Res>
where
    T: Transport,
    R: IntoRequest<Streaming<Req>>,
    Req: Message + Default + 'static,
    Res: Message + Default,
{
    let client = client.clone();
    client.bidi_streaming(method(service, index), request.into_request())
}
