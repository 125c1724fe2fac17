//! How a request gets to the service, with word of its connection.

use std::any::Any;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Request;
use hyper::body::Incoming;
use hyper_util::service::{TowerToHyperService, TowerToHyperServiceFuture};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::server::ResponseFuture;
use crate::{Body, ConnectionInfo, Router};

/// The service of a connection.
pub(super) struct Dispatch<S> {
    service: TowerToHyperService<S>,
    /// The service, where it is a router alone. It is told of the connection beside the request: among the
    /// extensions, that takes three allocations for each request.
    router: Option<Router>,
    connection: ConnectionInfo,
}

impl<S: Clone + 'static> Dispatch<S> {
    pub(super) fn new(service: S, connection: ConnectionInfo) -> Self {
        let router = (&service as &dyn Any).downcast_ref().cloned();
        Self {
            service: TowerToHyperService::new(service),
            router,
            connection,
        }
    }
}

impl<S> hyper::service::Service<Request<Incoming>> for Dispatch<S>
where
    S: Service<Request<Incoming>> + Clone + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Dispatched<S>;

    fn call(&self, mut request: Request<Incoming>) -> Dispatched<S> {
        let connection = self.connection.clone();
        let mut answer: Option<S::Future> = None;
        let of_router: &mut dyn Any = &mut answer;
        if let (Some(router), Some(of_router)) = (&self.router, of_router.downcast_mut()) {
            let of_router: &mut Option<ResponseFuture> = of_router;
            *of_router = Some(router.answer(request.map(Body::new), Some(connection)));
            return Dispatched::Router { answer };
        }
        request.extensions_mut().insert(connection);
        Dispatched::Service {
            answer: self.service.call(request),
        }
    }
}

pin_project! {
    /// An answer to be.
    #[project = DispatchedProjected]
    pub(super) enum Dispatched<S: Service<Request<Incoming>>> {
        Router { #[pin] answer: Option<S::Future> },
        Service { #[pin] answer: TowerToHyperServiceFuture<S, Request<Incoming>> },
    }
}

impl<S: Service<Request<Incoming>>> Future for Dispatched<S> {
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            DispatchedProjected::Router { answer } => match answer.as_pin_mut() {
                Some(answer) => answer.poll(cx),
                None => Poll::Pending,
            },
            DispatchedProjected::Service { answer } => answer.poll(cx),
        }
    }
}
