use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;

use grpcweb_runtime::Status;
use prost::{Message, Name};

use crate::Error;
use crate::v1::ClientCompatRequest;

type Messages<Req> = Box<dyn Iterator<Item = Result<Req, Status>> + Send>;

/// A stream of requests that is on its way.
pub(super) struct Upload {
    unsent: Arc<AtomicI32>,
}

impl Upload {
    /// The stream. Where the case wants the call to be cancelled at its end, it ends with an error.
    pub(super) fn new<Req: Message + Name + Default + 'static>(
        case: &ClientCompatRequest,
    ) -> Result<(Messages<Req>, Self), Error> {
        let messages = case.messages::<Req>()?;
        let unsent = Arc::new(AtomicI32::new(messages.len().try_into()?));
        let delay = case.delay();
        let breaks_off = case
            .cancels_instead_of_close()
            .then(|| Status::cancelled("the request broke off, as the case wants it"));
        let upload = Self {
            unsent: Arc::clone(&unsent),
        };
        let messages = messages.into_iter().map(move |message| {
            thread::sleep(delay);
            unsent.fetch_sub(1, Ordering::Relaxed);
            Ok(message)
        });
        Ok((Box::new(messages.chain(breaks_off.map(Err))), upload))
    }

    /// How many messages were not sent.
    pub(super) fn unsent(&self) -> i32 {
        self.unsent.load(Ordering::Relaxed)
    }
}
