//! Views, and the calls of a generated server whose requests they are.

pub use std::clone::Clone;
pub use std::convert::Into;
pub use std::default::Default;
pub use std::option::Option::{None, Some};
pub use std::string::String;
use std::sync::Arc;

use super::Result;
use super::server::Handler;
use crate::codec::{self, Codec, Prost};
use crate::server::{Call, ResponseFuture};
use crate::view::Payload;
pub use crate::view::fields::*;
pub use crate::view::kinds::*;
pub use crate::view::{HasView, Malformed, MessageView, Reader};
use crate::{Request, Response, Streaming};

/// What reading a field comes to.
pub type Merged = std::result::Result<(), Malformed>;

/// The view of a message.
pub type View<'a, M> = <M as HasView>::View<'a>;

/// Answers a call of a method that takes the view of one message and returns one.
pub fn unary<M, S, H, Res>(call: Call, service: &Arc<S>, handler: H) -> ResponseFuture
where
    M: HasView,
    Prost: Codec<Res>,
    S: Send + Sync + 'static,
    H: for<'a> Handler<'a, S, M::View<'a>, Res>,
    Res: Send + 'static,
{
    let service = Arc::clone(service);
    call.unary::<_, Payload, Res, _, _>(Prost, move |request| {
        run::<M, S, H, Res>(service, handler, request)
    })
}

/// Answers a call of a method that takes the view of one message and returns a stream of them.
pub fn server_streaming<M, S, H, Res>(call: Call, service: &Arc<S>, handler: H) -> ResponseFuture
where
    M: HasView,
    Prost: Codec<Res>,
    S: Send + Sync + 'static,
    H: for<'a> Handler<'a, S, M::View<'a>, Streaming<Res>>,
    Res: Send + 'static,
{
    let service = Arc::clone(service);
    call.server_streaming::<_, Payload, Res, _, _>(Prost, move |request| {
        run::<M, S, H, Streaming<Res>>(service, handler, request)
    })
}

/// Hands the view to the method, and holds what it borrows from for as long.
async fn run<M, S, H, Res>(
    service: Arc<S>,
    handler: H,
    request: Request<Payload>,
) -> Result<Response<Res>>
where
    M: HasView,
    S: Send + Sync + 'static,
    H: for<'a> Handler<'a, S, M::View<'a>, Res>,
{
    let mut bytes = bytes::Bytes::new();
    let request = request.map(|Payload(payload)| bytes = payload);
    let view = M::View::decode(&bytes).map_err(codec::malformed_request)?;
    handler.run(&service, request.map(|()| view)).await
}
