use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use async_stream::try_stream;
use grpcweb_runtime::{Status, Streaming};
use prost::{Message, Name};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

use crate::Error;
use crate::v1::ClientCompatRequest;

/// A stream of requests that is on its way.
pub(super) struct Upload {
    unsent: Arc<AtomicI32>,
    ended: oneshot::Receiver<()>,
}

impl Upload {
    /// The stream. Where there are `turns` it waits for one after each message. Where the case wants the
    /// call to be cancelled at its end, it ends with an error.
    pub(super) fn new<Req: Message + Name + Default + 'static>(
        case: &ClientCompatRequest,
        mut turns: Option<UnboundedReceiver<()>>,
    ) -> Result<(Streaming<Req>, Self), Error> {
        let messages = case.messages::<Req>()?;
        let unsent = Arc::new(AtomicI32::new(messages.len().try_into()?));
        let (end, ended) = oneshot::channel();
        let (delay, breaks_off) = (case.delay(), case.cancels_instead_of_close());
        let upload = Self {
            unsent: Arc::clone(&unsent),
            ended,
        };
        let messages = try_stream! {
            for message in messages {
                tokio::time::sleep(delay).await;
                unsent.fetch_sub(1, Ordering::Relaxed);
                yield message;
                if let Some(turns) = &mut turns {
                    turns.recv().await;
                }
            }
            if breaks_off {
                Err(Status::cancelled("the request broke off, as the case wants it"))?;
            }
            // Nobody waits for it where the call is not cancelled.
            let _ = end.send(());
        };
        Ok((Streaming::from_stream(messages), upload))
    }

    /// Waits until there is nothing more to send.
    pub(super) async fn ended(&mut self) {
        // An error says that the stream was dropped, which ends it too.
        let _ = (&mut self.ended).await;
    }

    /// How many messages were not sent.
    pub(super) fn unsent(&self) -> i32 {
        self.unsent.load(Ordering::Relaxed)
    }
}
