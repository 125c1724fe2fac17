//! Metadata that is sent back.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderValue, Request, Response};
use http_body_util::BodyExt as _;
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tower_layer::Layer;
use tower_service::Service;

const INITIAL: &str = "x-grpc-test-echo-initial";
const TRAILING: &str = "x-grpc-test-echo-trailing-bin";

/// The response to a call, with the initial metadata to be sent back; or its error, with the trailing.
pub(crate) fn echo<T>(
    request: &MetadataMap,
    result: Result<T, tonic::Status>,
) -> Result<tonic::Response<T>, tonic::Status> {
    match result {
        Ok(message) => {
            let mut response = tonic::Response::new(message);
            if let Some(value) = request.get(INITIAL) {
                response.metadata_mut().insert(INITIAL, value.clone());
            }
            Ok(response)
        }
        Err(mut status) => {
            if let Some(value) = request.get_bin(TRAILING) {
                status.metadata_mut().insert_bin(TRAILING, value.clone());
            }
            Err(status)
        }
    }
}

/// Sends back trailing metadata of calls that go well, which a handler of tonic cannot.
#[derive(Debug, Clone)]
pub(crate) struct EchoTrailing;

impl<S> Layer<S> for EchoTrailing {
    type Service = Echoing<S>;

    fn layer(&self, inner: S) -> Echoing<S> {
        Echoing(inner)
    }
}

/// A service behind [`EchoTrailing`].
#[derive(Debug, Clone)]
pub(crate) struct Echoing<S>(S);

impl<S> Service<Request<Body>> for Echoing<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Future: Send + 'static>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let value = request.headers().get(TRAILING).cloned();
        let response = self.0.call(request);
        Box::pin(async move {
            let response = response.await?;
            Ok(match value {
                Some(value) => response.map(|body| with_trailing(body, value)),
                None => response,
            })
        })
    }
}

fn with_trailing(body: Body, value: HeaderValue) -> Body {
    Body::new(body.map_frame(move |mut frame| {
        if let Some(trailers) = frame.trailers_mut() {
            trailers.insert(TRAILING, value.clone());
        }
        frame
    }))
}
