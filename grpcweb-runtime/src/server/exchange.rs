use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use super::drain::Remainder;
use super::receive::Receive;
use super::reply::{Answer, Finished, Reply};
use super::running::Running;
use crate::{Body, Status};

/// Receives what a handler takes.
type PollReceive<R> = fn(&mut Receive, &mut Context<'_>) -> Poll<Result<R, Status>>;

pin_project! {
    /// A call from its head to the response: what comes in, then the handler, then what is left of the
    /// request.
    ///
    /// Written by hand because every method has one: an `async` block would hold what it is made of twice.
    pub(super) struct Exchange<R, H, F> {
        #[pin]
        phase: Phase<R, H, F>,
        call: Option<Ongoing>,
        draining: Option<Draining>,
    }

    impl<R, H, F> PinnedDrop for Exchange<R, H, F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(call) = this.call {
                // What is dropped is code of the service too.
                let _ = call.running.run(|| this.phase.set(Phase::Over));
            }
        }
    }
}

/// A response that waits for what is left of its request.
pub(super) type Draining = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

struct Ongoing {
    running: Running,
    answer: Answer,
    rest: Option<Arc<Remainder>>,
}

pin_project! {
    #[project = PhaseProjected]
    enum Phase<R, H, F> {
        Receiving {
            receive: Receive,
            poll: PollReceive<R>,
            handler: Option<H>,
        },
        Handling {
            #[pin]
            handling: F,
        },
        Over,
    }
}

impl<R, H, F> Exchange<R, H, F> {
    pub(super) fn new(
        receive: Receive,
        poll: PollReceive<R>,
        handler: H,
        running: Running,
        answer: Answer,
    ) -> Self {
        Self {
            phase: Phase::Receiving {
                receive,
                poll,
                handler: Some(handler),
            },
            call: Some(Ongoing {
                running,
                answer,
                rest: None,
            }),
            draining: None,
        }
    }
}

impl<R, H, F> Phase<R, H, F>
where
    H: FnOnce(R, Answer) -> Result<F, Status>,
    F: Future<Output = Result<Reply, Status>>,
{
    fn poll_reply(
        mut self: Pin<&mut Self>,
        call: &mut Ongoing,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Reply, Status>> {
        let running = &mut call.running;
        loop {
            match self.as_mut().project() {
                PhaseProjected::Receiving {
                    receive,
                    poll,
                    handler,
                } => {
                    let received = ready!(running.poll(cx, |cx| poll(receive, cx)));
                    call.rest = receive.rest();
                    let received = received?;
                    let Some(handler) = handler.take() else {
                        return Poll::Pending;
                    };
                    let answer = call.answer;
                    let handling = running.run(|| handler(received, answer))??;
                    self.set(Self::Handling { handling });
                }
                PhaseProjected::Handling { handling } => {
                    return running.poll(cx, |cx| handling.poll(cx));
                }
                PhaseProjected::Over => return Poll::Pending,
            }
        }
    }
}

impl<R, H, F> Future for Exchange<R, H, F>
where
    H: FnOnce(R, Answer) -> Result<F, Status>,
    F: Future<Output = Result<Reply, Status>>,
{
    type Output = Response<Body>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response<Body>> {
        let mut this = self.project();
        if let Some(call) = this.call.as_mut() {
            let result = ready!(this.phase.as_mut().poll_reply(call, cx));
            // What the handler left of the request is known once it is dropped.
            let dropped = call.running.run(|| this.phase.set(Phase::Over));
            let result = dropped.and(result);
            let Some(Ongoing {
                running,
                answer,
                rest,
            }) = this.call.take()
            else {
                return Poll::Pending;
            };
            match answer.finish(result, running, rest) {
                Finished::Now(response) => return Poll::Ready(response),
                Finished::Drained(draining) => *this.draining = Some(draining),
            }
        }
        match this.draining {
            Some(draining) => draining.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}
