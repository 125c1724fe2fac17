//! Requests that wait for responses.

use futures_util::stream;
use grpcweb_runtime::Streaming;
use tokio::sync::mpsc;

use crate::proto::grpc::testing::StreamingOutputCallRequest;

/// Sends requests one by one.
pub(crate) struct Turns {
    left: std::vec::IntoIter<StreamingOutputCallRequest>,
    to: Option<mpsc::UnboundedSender<StreamingOutputCallRequest>>,
}

impl Turns {
    pub(crate) fn none() -> Self {
        Self {
            left: Vec::new().into_iter(),
            to: None,
        }
    }

    pub(crate) fn new(
        requests: Vec<StreamingOutputCallRequest>,
    ) -> (Self, Streaming<StreamingOutputCallRequest>) {
        let (to, from) = mpsc::unbounded_channel();
        let mut turns = Self {
            left: requests.into_iter(),
            to: Some(to),
        };
        turns.next();
        let messages = stream::unfold(from, async |mut from| {
            let message = from.recv().await?;
            Some((Ok(message), from))
        });
        (turns, Streaming::from_stream(messages))
    }

    /// Sends the next request, or ends the stream of them.
    pub(crate) fn next(&mut self) {
        match (self.left.next(), &self.to) {
            // The server may have ended the call; its status says so.
            (Some(request), Some(to)) => drop(to.send(request)),
            _ => self.to = None,
        }
    }
}
