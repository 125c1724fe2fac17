//! How a request gets to the service, with word of its connection.

use std::any::Any;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Request;
use hyper::body::Incoming;
use pin_project_lite::pin_project;

use super::Served;
use super::called::Called;
use crate::server::ResponseFuture;
use crate::{Body, BoxError, ConnectionInfo, Router};

/// The service of a connection.
pub(super) struct Dispatch<S> {
    service: S,
    /// The service, where it is a router alone. It is told of the connection beside the request: among the
    /// extensions, that takes three allocations for each request.
    router: Option<Router>,
    connection: ConnectionInfo,
}

impl<S: Served> Dispatch<S> {
    pub(super) fn new(service: S, connection: ConnectionInfo) -> Self {
        let router = (&service as &dyn Any).downcast_ref().cloned();
        Self {
            service,
            router,
            connection,
        }
    }
}

impl<S: Served> hyper::service::Service<Request<Incoming>> for Dispatch<S> {
    type Response = S::Response;
    type Error = BoxError;
    type Future = Dispatched<S>;

    fn call(&self, mut request: Request<Incoming>) -> Dispatched<S> {
        let connection = self.connection.clone();
        let mut answer: Option<S::Future> = None;
        // Where there is a router, it is the service, and its future the router's.
        let of_router: &mut dyn Any = &mut answer;
        if let (Some(router), Some(of_router)) = (&self.router, of_router.downcast_mut()) {
            let of_router: &mut Option<ResponseFuture> = of_router;
            *of_router = Some(router.answer(request.map(Body::new), Some(connection)));
            return Dispatched::Router { answer };
        }
        request.extensions_mut().insert(connection);
        Dispatched::Service {
            answer: Called::new(self.service.clone(), request),
        }
    }
}

pin_project! {
    /// The future of [`Dispatch`].
    #[project = DispatchedProjected]
    pub(super) enum Dispatched<S: Served> {
        Router { #[pin] answer: Option<S::Future> },
        Service { #[pin] answer: Called<S> },
    }
}

impl<S: Served> Future for Dispatched<S> {
    type Output = Result<S::Response, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            DispatchedProjected::Router { answer } => match answer.as_pin_mut() {
                Some(answer) => answer.poll(cx).map_err(Into::into),
                None => Poll::Pending,
            },
            DispatchedProjected::Service { answer } => answer.poll(cx),
        }
    }
}
