use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use pin_project_lite::pin_project;

use crate::Body;
use crate::body::HttpBody;

pin_project! {
    /// The response of what stands in front of a service, or of the service.
    #[project = Projected]
    #[derive(Debug)]
    pub(crate) enum Answered<A, F> {
        InFront { #[pin] answer: A },
        Passed { #[pin] response: F },
    }
}

impl<A, F, R, E> Future for Answered<A, F>
where
    A: Future<Output = Result<Response<Body>, Infallible>>,
    F: Future<Output = Result<Response<R>, E>>,
    R: HttpBody,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Projected::InFront { answer } => {
                answer.poll(cx).map_err(|infallible| match infallible {})
            }
            Projected::Passed { response } => {
                response.poll(cx).map_ok(|response| response.map(Body::new))
            }
        }
    }
}
