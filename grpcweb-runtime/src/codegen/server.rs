//! The calls of a generated server, by the kinds of methods, and what every such server does alike.

use std::future::Future;
use std::sync::Arc;

use super::Result;
use crate::apart::Apart;
use crate::codec::Codec;
use crate::server::{Call, ResponseFuture};
use crate::{Request, Response, Streaming};

/// A method of a service's trait, as in `<T as Greeter>::say_hello`.
///
/// The future borrows the service, which a plain bound on a function has no words for.
pub trait Handler<'a, S, Req, Res>: Send + 'static {
    /// What the method returns.
    type Future: Future<Output = Result<Response<Res>>> + Send;

    /// Runs the method.
    fn run(self, service: &'a S, request: Request<Req>) -> Self::Future;
}

impl<'a, H, S, Req, Res, F> Handler<'a, S, Req, Res> for H
where
    H: FnOnce(&'a S, Request<Req>) -> F + Send + 'static,
    S: 'a,
    F: Future<Output = Result<Response<Res>>> + Send,
{
    type Future = F;

    fn run(self, service: &'a S, request: Request<Req>) -> F {
        self(service, request)
    }
}

/// Answers a call of a method that takes one message and returns one.
pub fn unary<C, S, H, Req, Res>(
    call: Call,
    codec: C,
    service: &Arc<S>,
    handler: H,
) -> ResponseFuture
where
    C: Codec<Req> + Codec<Res>,
    S: Send + Sync + 'static,
    H: for<'a> Handler<'a, S, Req, Res>,
    Req: Send + 'static,
    Res: Send + 'static,
{
    let service = Arc::clone(service);
    call.unary(codec, move |request| async move {
        handler.run(&service, request).await
    })
}

/// The same, where a large field of what is returned is sent as it is.
pub fn unary_apart<C, S, H, Req, Res>(
    call: Call,
    codec: C,
    service: &Arc<S>,
    handler: H,
    apart: fn(&mut Res) -> Option<Apart>,
) -> ResponseFuture
where
    C: Codec<Req> + Codec<Res>,
    S: Send + Sync + 'static,
    H: for<'a> Handler<'a, S, Req, Res>,
    Req: Send + 'static,
    Res: Send + 'static,
{
    let service = Arc::clone(service);
    call.unary_apart(codec, Some(apart), move |request| async move {
        handler.run(&service, request).await
    })
}

/// Answers a call of a method that takes one message and returns a stream of them.
pub fn server_streaming<C, S, H, Req, Res>(
    call: Call,
    codec: C,
    service: &Arc<S>,
    handler: H,
) -> ResponseFuture
where
    C: Codec<Req> + Codec<Res>,
    S: Send + Sync + 'static,
    H: for<'a> Handler<'a, S, Req, Streaming<Res>>,
    Req: Send + 'static,
    Res: Send + 'static,
{
    let service = Arc::clone(service);
    call.server_streaming(codec, move |request| async move {
        handler.run(&service, request).await
    })
}

/// Answers a call of a method that takes a stream of messages and returns one.
pub fn client_streaming<C, S, H, Req, Res>(
    call: Call,
    codec: C,
    service: &Arc<S>,
    handler: H,
) -> ResponseFuture
where
    C: Codec<Req> + Codec<Res>,
    S: Send + Sync + 'static,
    H: for<'a> Handler<'a, S, Streaming<Req>, Res>,
    Req: Send + 'static,
    Res: Send + 'static,
{
    let service = Arc::clone(service);
    call.client_streaming(codec, move |request| async move {
        handler.run(&service, request).await
    })
}

/// Answers a call of a method that takes and returns streams of messages.
pub fn bidi_streaming<C, S, H, Req, Res>(
    call: Call,
    codec: C,
    service: &Arc<S>,
    handler: H,
) -> ResponseFuture
where
    C: Codec<Req> + Codec<Res>,
    S: Send + Sync + 'static,
    H: for<'a> Handler<'a, S, Streaming<Req>, Streaming<Res>>,
    Req: Send + 'static,
    Res: Send + 'static,
{
    let service = Arc::clone(service);
    call.bidi_streaming(codec, move |request| async move {
        handler.run(&service, request).await
    })
}

/// Makes a generated server a tower service, which is cloned without what it serves. Takes the names of
/// the server and of its trait.
///
/// No service has a name like those of the parameters.
#[doc(hidden)]
#[macro_export]
macro_rules! __tower_service {
    ($server:ident, $service:ident) => {
        impl<_T> ::core::clone::Clone for $server<_T> {
            fn clone(&self) -> Self {
                Self {
                    service: ::std::sync::Arc::clone(&self.service),
                    settings: ::core::clone::Clone::clone(&self.settings),
                }
            }
        }

        impl<_T> ::core::fmt::Debug for $server<_T> {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(::core::stringify!($server))
            }
        }

        impl<_T, _B> $crate::codegen::Service<$crate::codegen::http::Request<_B>> for $server<_T>
        where
            _T: $service,
            _B: $crate::codegen::HttpBody,
        {
            type Response = $crate::codegen::http::Response<$crate::codegen::Body>;
            type Error = ::core::convert::Infallible;
            type Future = $crate::codegen::ResponseFuture;

            fn poll_ready(
                &mut self,
                _: &mut ::core::task::Context<'_>,
            ) -> ::core::task::Poll<::core::result::Result<(), Self::Error>> {
                ::core::task::Poll::Ready(::core::result::Result::Ok(()))
            }

            fn call(&mut self, request: $crate::codegen::http::Request<_B>) -> Self::Future {
                $crate::codegen::handle(self, request)
            }
        }
    };
}
