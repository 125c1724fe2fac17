use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use super::drain::Remainder;
use super::receive::Receive;
use super::reply::{Answer, Finished, Reply};
use super::respond::Responded;
use super::running::Running;
use crate::{Body, Request, Status};

/// Receives what a handler takes.
pub(super) type PollReceive<R> = fn(&mut Receive, &mut Context<'_>) -> Poll<Result<R, Status>>;

pin_project! {
    /// A call from its head to the response: what comes in, then the handler, then what is left of the
    /// request.
    ///
    /// Written by hand because every method has one: an `async` block would hold what it is made of twice.
    pub(super) struct Exchange<R, H, F, M> {
        #[pin]
        phase: Phase<R, H, F>,
        call: Option<Ongoing<M>>,
        draining: Option<Draining>,
    }

    impl<R, H, F, M> PinnedDrop for Exchange<R, H, F, M> {
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

struct Ongoing<M> {
    running: Running,
    outcome: Outcome<M>,
}

/// What is made of what a handler returns.
struct Outcome<M> {
    /// Encodes it.
    reply: Option<M>,
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

impl<R, H, F, M> Exchange<R, H, F, M> {
    pub(super) fn new(
        receive: Receive,
        poll: PollReceive<R>,
        handler: H,
        reply: M,
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
                outcome: Outcome {
                    reply: Some(reply),
                    answer,
                    rest: None,
                },
            }),
            draining: None,
        }
    }
}

impl<R, H, F> Phase<R, H, F> {
    /// Drops what there is, wherever it is. What is left of the request remains.
    fn give_up(mut self: Pin<&mut Self>, rest: &mut Option<Arc<Remainder>>) {
        if let PhaseProjected::Receiving { receive, .. } = self.as_mut().project() {
            *rest = receive.rest();
        }
        self.set(Self::Over);
    }

    /// Ready with the reply once what made it is dropped: only then it is known what is left of the request.
    fn poll_reply<T, M>(
        mut self: Pin<&mut Self>,
        outcome: &mut Outcome<M>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Reply, Status>>
    where
        H: FnOnce(Request<()>, R) -> Result<F, Status>,
        F: Future<Output = Result<T, Status>>,
        M: FnOnce(T, &Answer) -> Result<Reply, Status>,
    {
        let result = ready!(self.as_mut().poll_handled(&mut outcome.rest, cx));
        self.set(Self::Over);
        match (result, outcome.reply.take()) {
            (Ok(response), Some(reply)) => Poll::Ready(reply(response, &outcome.answer)),
            (Err(status), _) => Poll::Ready(Err(status)),
            (Ok(_), None) => Poll::Pending,
        }
    }

    fn poll_handled<T>(
        mut self: Pin<&mut Self>,
        rest: &mut Option<Arc<Remainder>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, Status>>
    where
        H: FnOnce(Request<()>, R) -> Result<F, Status>,
        F: Future<Output = Result<T, Status>>,
    {
        loop {
            match self.as_mut().project() {
                PhaseProjected::Receiving {
                    receive,
                    poll,
                    handler,
                } => {
                    let received = ready!(poll(receive, cx));
                    *rest = receive.rest();
                    let received = received?;
                    let (Some(handler), Some(request)) = (handler.take(), receive.take_request())
                    else {
                        return Poll::Pending;
                    };
                    let handling = handler(request, received)?;
                    self.set(Self::Handling { handling });
                }
                PhaseProjected::Handling { handling } => return handling.poll(cx),
                PhaseProjected::Over => return Poll::Pending,
            }
        }
    }
}

impl<R, H, F, T, M> Future for Exchange<R, H, F, M>
where
    H: FnOnce(Request<()>, R) -> Result<F, Status>,
    F: Future<Output = Result<T, Status>>,
    M: FnOnce(T, &Answer) -> Result<Reply, Status>,
{
    type Output = Responded;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Responded> {
        let mut this = self.project();
        if let Some(Ongoing { running, outcome }) = this.call.as_mut() {
            let phase = &mut this.phase;
            let mut result = ready!(running.poll(cx, |cx| phase.as_mut().poll_reply(outcome, cx)));
            // Interrupted, or after a panic, it is not over yet.
            if !matches!(**phase, Phase::Over) {
                let rest = &mut outcome.rest;
                let dropped = running.run(|| phase.as_mut().give_up(rest));
                result = dropped.and(result);
            }
            let Some(Ongoing { running, outcome }) = this.call.take() else {
                return Poll::Pending;
            };
            match outcome.answer.finish(result, running, outcome.rest) {
                Finished::Now(response) => return Poll::Ready(Ok(response)),
                Finished::Drained(draining) => *this.draining = Some(draining),
            }
        }
        match this.draining {
            Some(draining) => draining.as_mut().poll(cx).map(Ok),
            None => Poll::Pending,
        }
    }
}
