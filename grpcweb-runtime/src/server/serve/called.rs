//! A service that a request is handed to.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use http::{Request, Response};
use hyper::body::Incoming;
use pin_project_lite::pin_project;

use super::Served;
use crate::BoxError;

/// What a service gives back.
type Answer<S> = Result<Response<<S as Served>::Body>, BoxError>;

pin_project! {
    /// A call of a service.
    ///
    /// A service that is ready has its request at once: held back, it would be moved about, and take its place in
    /// every connection.
    #[project = CalledProjected]
    pub(super) enum Called<S: Served> {
        Running {
            #[pin]
            future: S::Future,
        },
        Refused {
            error: Option<BoxError>,
        },
        Waiting {
            future: Pin<Box<dyn Future<Output = Answer<S>> + Send>>,
        },
        // For the task of the call: here it would end all those of its connection.
        Panicked {
            panic: Option<Box<dyn Any + Send>>,
        },
    }
}

impl<S: Served> Called<S> {
    pub(super) fn new(mut service: S, request: Request<Incoming>) -> Self {
        let call = AssertUnwindSafe(|| {
            // Where it is not ready, it is asked again by who waits for it.
            let mut cx = Context::from_waker(Waker::noop());
            match service.poll_ready(&mut cx) {
                Poll::Ready(Ok(())) => Self::Running {
                    future: service.call(request),
                },
                Poll::Ready(Err(error)) => Self::Refused {
                    error: Some(error.into()),
                },
                Poll::Pending => Self::Waiting {
                    future: Box::pin(async move {
                        let ready = poll_fn(|cx| service.poll_ready(cx)).await;
                        ready.map_err(Into::into)?;
                        service.call(request).await.map_err(Into::into)
                    }),
                },
            }
        });
        catch_unwind(call).unwrap_or_else(|panic| Self::Panicked { panic: Some(panic) })
    }
}

impl<S: Served> Future for Called<S> {
    type Output = Answer<S>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer<S>> {
        match self.project() {
            CalledProjected::Running { future } => future.poll(cx).map_err(Into::into),
            CalledProjected::Waiting { future } => future.as_mut().poll(cx),
            CalledProjected::Refused { error } => match error.take() {
                Some(error) => Poll::Ready(Err(error)),
                None => Poll::Pending,
            },
            CalledProjected::Panicked { panic } => match panic.take() {
                Some(panic) => resume_unwind(panic),
                None => Poll::Pending,
            },
        }
    }
}
