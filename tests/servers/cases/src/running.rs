//! A call as it goes on, with what has come of it: the same for clients that block and those that do not.

use std::time::{Duration, Instant};

use bytes::Bytes;
use grpcweb_runtime::{MetadataMap, Request, Response, Status};

use crate::call::{Call, Outcome, Received};
use crate::proto::grpc::testing::{
    Empty, SimpleResponse, StreamingInputCallResponse, StreamingOutputCallResponse,
};

pub(crate) struct Running {
    began: Instant,
    drop_after: Option<usize>,
    initial: MetadataMap,
    responses: Vec<Received>,
}

impl Running {
    pub(crate) fn new(call: &Call) -> Self {
        Self {
            began: Instant::now(),
            drop_after: call.drop_after,
            initial: MetadataMap::new(),
            responses: Vec::new(),
        }
    }

    /// What came of a call with this end, as in [`Outcome`].
    pub(crate) fn outcome(mut self, end: Option<Result<MetadataMap, Status>>) -> Outcome {
        if let Some(Err(status)) = &end
            && self.initial.is_empty()
        {
            self.initial = status.initial_metadata().clone();
        }
        Outcome {
            initial: self.initial,
            responses: self.responses,
            end,
            took: self.began.elapsed(),
        }
    }

    /// The end of a call with one response.
    pub(crate) fn message<T: Reply>(
        &mut self,
        result: Result<Response<T>, Status>,
    ) -> Option<Result<MetadataMap, Status>> {
        Some(result.map(|response| {
            self.began_with(response.metadata());
            self.received(response.get_ref());
            response.trailers().clone()
        }))
    }

    pub(crate) fn began_with(&mut self, initial: &MetadataMap) {
        self.initial = initial.clone();
    }

    pub(crate) fn received<T: Reply>(&mut self, message: &T) {
        let (size, zeros) = message.content();
        self.responses.push(Received {
            size,
            zeros,
            at: self.began.elapsed(),
        });
    }

    /// Whether the call is to be dropped now.
    pub(crate) fn is_to_drop(&self) -> bool {
        self.drop_after == Some(self.responses.len())
    }
}

pub(crate) fn request<T>(
    message: T,
    metadata: MetadataMap,
    timeout: Option<Duration>,
) -> Request<T> {
    let mut request = Request::new(message);
    *request.metadata_mut() = metadata;
    match timeout {
        Some(timeout) => request.with_timeout(timeout),
        None => request,
    }
}

/// A message that a server answers with.
pub(crate) trait Reply {
    /// Its size as [`Received`] has it, and whether it has nothing but zeros.
    fn content(&self) -> (usize, bool);
}

impl Reply for Empty {
    fn content(&self) -> (usize, bool) {
        (0, true)
    }
}

impl Reply for SimpleResponse {
    fn content(&self) -> (usize, bool) {
        body(self.payload.as_ref().map(|payload| &payload.body))
    }
}

impl Reply for StreamingOutputCallResponse {
    fn content(&self) -> (usize, bool) {
        body(self.payload.as_ref().map(|payload| &payload.body))
    }
}

impl Reply for StreamingInputCallResponse {
    fn content(&self) -> (usize, bool) {
        let size = usize::try_from(self.aggregated_payload_size);
        (size.unwrap_or(usize::MAX), true)
    }
}

fn body(bytes: Option<&Bytes>) -> (usize, bool) {
    bytes.map_or((0, true), |bytes| {
        (bytes.len(), bytes.iter().all(|&byte| byte == 0))
    })
}
