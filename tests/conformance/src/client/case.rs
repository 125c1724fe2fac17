use std::time::Duration;

use grpcweb_runtime::client::Client;
use grpcweb_runtime::{Protocol, Request};
use prost::{Message, Name};

use crate::v1::client_compat_request::Cancel;
use crate::v1::client_compat_request::cancel::CancelTiming;
use crate::v1::{self, ClientCompatRequest, StreamType};
use crate::{Error, encoding, header};

impl ClientCompatRequest {
    /// Sets a client up for this call.
    pub(super) fn configure<T>(&self, client: Client<T>) -> Result<Client<T>, Error> {
        let mut client = client.protocol(match self.protocol() {
            v1::Protocol::Grpc => Protocol::Grpc,
            v1::Protocol::GrpcWeb => Protocol::GrpcWeb,
            other => return Err(format!("{other:?} is not spoken").into()),
        });
        if let Some(encoding) = encoding::of(self.compression()) {
            client = client
                .send_compressed(encoding)
                .compress_above(0)
                .accept_compressed(encoding);
        }
        if self.message_receive_limit > 0 {
            client = client.max_decoding_message_size(self.message_receive_limit as usize);
        }
        Ok(client)
    }

    /// `message` with all that goes beside it.
    pub(super) fn request<T>(&self, message: T) -> Result<Request<T>, Error> {
        let mut request = Request::new(message);
        header::append(request.metadata_mut(), &self.request_headers)?;
        Ok(match self.timeout_ms {
            Some(ms) => request.with_timeout(millis(ms)),
            None => request,
        })
    }

    /// The messages to send.
    pub(super) fn messages<M: Message + Name + Default>(&self) -> Result<Vec<M>, Error> {
        let messages = self.request_messages.iter().map(|any| any.to_msg());
        Ok(messages.collect::<Result<_, _>>()?)
    }

    /// The message to send, where the method takes one.
    pub(super) fn message<M: Message + Name + Default>(&self) -> Result<M, Error> {
        let [message] = <[M; 1]>::try_from(self.messages()?)
            .map_err(|messages| format!("there are {} messages, not one", messages.len()))?;
        Ok(message)
    }

    /// How long to wait before each message of a stream.
    pub(super) fn delay(&self) -> Duration {
        millis(self.request_delay_ms)
    }

    /// Whether to wait for a response before the next message.
    pub(super) fn takes_turns(&self) -> bool {
        self.stream_type() == StreamType::FullDuplexBidiStream
    }

    /// Whether to cancel the call where its request would end.
    pub(super) fn cancels_instead_of_close(&self) -> bool {
        matches!(
            self.cancel_timing(),
            Some(CancelTiming::BeforeCloseSend(()))
        )
    }

    /// How long after the end of the request to cancel the call.
    pub(super) fn cancels_after_close(&self) -> Option<Duration> {
        match self.cancel_timing()? {
            CancelTiming::AfterCloseSendMs(ms) => Some(millis(ms)),
            CancelTiming::BeforeCloseSend(()) | CancelTiming::AfterNumResponses(_) => None,
        }
    }

    /// After how many responses to cancel the call.
    pub(super) fn cancels_after_responses(&self) -> Option<usize> {
        match self.cancel_timing()? {
            CancelTiming::AfterNumResponses(number) => Some(number as usize),
            CancelTiming::BeforeCloseSend(()) | CancelTiming::AfterCloseSendMs(_) => None,
        }
    }

    fn cancel_timing(&self) -> Option<CancelTiming> {
        let Cancel { cancel_timing } = self.cancel.as_ref()?;
        Some(cancel_timing.unwrap_or(CancelTiming::AfterCloseSendMs(0)))
    }
}

fn millis(ms: u32) -> Duration {
    Duration::from_millis(ms.into())
}
