use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::ServingStatus;
use super::pb::HealthCheckResponse;
use super::statuses::{News, Statuses, Ticket};
use crate::{CancelReason, Cancelled, Status};

/// The answer to `Watch`. It holds no more than the status that was sent last, so that a client that reads
/// slowly misses changes in between, and never the latest.
pub(super) struct Watch {
    statuses: Arc<Statuses>,
    service: Arc<str>,
    sent: Option<ServingStatus>,
    ticket: Ticket,
    cancelled: Cancelled,
    ended: bool,
}

impl Watch {
    pub(super) fn new(statuses: Arc<Statuses>, service: Arc<str>, cancelled: Cancelled) -> Self {
        Self {
            statuses,
            service,
            sent: None,
            ticket: Ticket::default(),
            cancelled,
            ended: false,
        }
    }

    /// The last words. A call that begins when it is over gets no status: clients call again at once where
    /// they got one, and wait longer and longer where they did not.
    fn shut_down(&mut self) -> Result<HealthCheckResponse, Status> {
        match self.sent {
            Some(ServingStatus::Serving | ServingStatus::Unknown) => {
                Ok(self.send(ServingStatus::NotServing))
            }
            _ => {
                self.ended = true;
                Err(Status::unavailable("the server is shutting down"))
            }
        }
    }

    fn send(&mut self, status: ServingStatus) -> HealthCheckResponse {
        self.sent = Some(status);
        HealthCheckResponse {
            status: status.into(),
        }
    }
}

impl Stream for Watch {
    type Item = Result<HealthCheckResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        match Pin::new(&mut this.cancelled).poll(cx) {
            Poll::Ready(CancelReason::Shutdown) => return Poll::Ready(Some(this.shut_down())),
            // The server ends the call by itself.
            Poll::Ready(_) => return Poll::Ready(None),
            Poll::Pending => {}
        }
        let news = this
            .statuses
            .poll(&this.service, this.sent, &mut this.ticket, cx);
        news.map(|news| {
            Some(match news {
                News::Status(status) => Ok(this.send(status)),
                News::ShutDown => this.shut_down(),
            })
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.statuses.leave(&self.ticket);
    }
}
