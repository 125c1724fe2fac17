//! A call as a case wants it, and what came of it: the same for every kind of client.

use std::time::Duration;

use grpcweb_runtime::{MetadataMap, Status};

use crate::proto::grpc::testing::{
    SimpleRequest, StreamingInputCallRequest, StreamingOutputCallRequest,
};

/// What a client is to do.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) metadata: MetadataMap,
    pub(crate) timeout: Option<Duration>,
    /// Drops the call after so many responses.
    pub(crate) drop_after: Option<usize>,
}

/// What is called, with its requests.
#[derive(Debug, Clone)]
pub(crate) enum Method {
    EmptyCall,
    UnaryCall(SimpleRequest),
    StreamingOutputCall(StreamingOutputCallRequest),
    StreamingInputCall(Vec<StreamingInputCallRequest>),
    FullDuplexCall(Vec<StreamingOutputCallRequest>, Pace),
    HalfDuplexCall(Vec<StreamingOutputCallRequest>),
    UnimplementedCall,
    /// That of a service that nobody serves.
    UnimplementedService,
}

/// When the requests of a stream are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    AtOnce,
    /// The first at once, each other one when a response has come.
    InTurns,
}

impl Call {
    pub(crate) fn new(method: Method) -> Self {
        Self {
            method,
            metadata: MetadataMap::new(),
            timeout: None,
            drop_after: None,
        }
    }

    pub(crate) fn with_metadata(mut self, metadata: MetadataMap) -> Self {
        self.metadata = metadata;
        self
    }

    pub(crate) fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    pub(crate) fn dropped_after(mut self, responses: usize) -> Self {
        self.drop_after = Some(responses);
        self
    }
}

/// What came of a call.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The initial metadata.
    pub(crate) initial: MetadataMap,
    pub(crate) responses: Vec<Received>,
    /// The trailing metadata, or the error; `None` where the call was dropped.
    pub(crate) end: Option<Result<MetadataMap, Status>>,
    /// From the beginning of the call to its end.
    pub(crate) took: Duration,
}

/// A response.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Received {
    /// The bytes of its payload; of a `StreamingInputCallResponse`, the bytes that the server counted.
    pub(crate) size: usize,
    /// Whether the payload is zeros alone.
    pub(crate) zeros: bool,
    /// Since the beginning of the call.
    pub(crate) at: Duration,
}

/// A kind of client, connected to a server. A call may block for as long as it lasts.
pub(crate) trait Caller: Send + Sync {
    fn call(&self, call: Call) -> Outcome;
}
