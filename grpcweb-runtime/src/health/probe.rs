use std::convert::Infallible;
use std::fmt;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::ServingStatus;
use super::statuses::Statuses;
use crate::Body;
use crate::body::HttpBody;
use crate::server::Answered;
use crate::service_name::ServiceName;

/// A plain page that says whether a server serves, for probes without gRPC: 200 `ok` or 503
/// `not serving` for `GET` and `HEAD`.
///
/// It answers at any path that leads to it: with axum,
/// `.route_service("/readyz", health.http_probe())`; without, [`in_front_of`](Self::in_front_of) what is
/// served.
#[derive(Clone)]
pub struct HttpProbe {
    statuses: Arc<Statuses>,
    service: Arc<str>,
}

impl HttpProbe {
    pub(super) fn new(statuses: Arc<Statuses>) -> Self {
        let service = Arc::from("");
        Self { statuses, service }
    }

    /// Speaks of one service, and not of the server as a whole. One whose status is not known does not serve.
    #[must_use]
    pub fn of(mut self, service: impl ServiceName) -> Self {
        self.service = service.service_name().into();
        self
    }

    /// Answers at one path, and leaves everything else to `service`.
    ///
    /// ```
    /// # use grpcweb_runtime::Router;
    /// # use grpcweb_runtime::health::HealthReporter;
    /// let health = HealthReporter::new();
    /// let router = Router::new().add_service(health.service());
    /// let app = health.http_probe().in_front_of("/readyz", router);
    /// # let serve = |listener: tokio::net::TcpListener| grpcweb_runtime::serve(listener, app);
    /// ```
    #[must_use]
    pub fn in_front_of<S>(self, path: &'static str, service: S) -> InFront<S> {
        InFront {
            probe: self,
            path,
            service,
        }
    }

    fn answer(&self, method: &Method) -> Response<Body> {
        if method != Method::GET && method != Method::HEAD {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            let allow = HeaderValue::from_static("GET, HEAD");
            response.headers_mut().insert(header::ALLOW, allow);
            return response;
        }
        let (status, text) = match self.statuses.get(&self.service) {
            Some(ServingStatus::Serving) => (StatusCode::OK, "ok\n"),
            _ => (StatusCode::SERVICE_UNAVAILABLE, "not serving\n"),
        };
        let mut response = Response::new(Body::full(text));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, plain);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl<B> Service<Request<B>> for HttpProbe {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(self.answer(request.method())))
    }
}

impl fmt::Debug for HttpProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HttpProbe").field(&self.service).finish()
    }
}

/// A service with a page in front of it: see [`HttpProbe::in_front_of`].
#[derive(Debug, Clone)]
pub struct InFront<S> {
    probe: HttpProbe,
    path: &'static str,
    service: S,
}

impl<S, B, R> Service<Request<B>> for InFront<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: HttpBody,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = ProbeFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let answered = if request.uri().path() == self.path {
            let answer = self.probe.call(request);
            Answered::InFront { answer }
        } else {
            let response = self.service.call(request);
            Answered::Passed { response }
        };
        ProbeFuture { answered }
    }
}

pin_project! {
    /// The future of [`InFront`].
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct ProbeFuture<F> {
        #[pin]
        answered: Answered<Ready<Result<Response<Body>, Infallible>>, F>,
    }
}

impl<F, R, E> Future for ProbeFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: HttpBody,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().answered.poll(cx)
    }
}
