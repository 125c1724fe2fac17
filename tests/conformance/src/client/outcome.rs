//! What became of a call, as the suite wants it told.

use grpcweb_runtime::{MetadataMap, Response, Status};

use crate::header;
use crate::v1::{
    BidiStreamResponse, ClientResponseResult, ClientStreamResponse, ConformancePayload, Error,
    IdempotentUnaryResponse, ServerStreamResponse, UnaryResponse, UnimplementedResponse,
};

/// A response message.
pub(super) trait Reply {
    /// What it has to say, which is nothing in a message that is empty.
    fn payload(self) -> ConformancePayload;
}

macro_rules! replies {
    ($($message:ty,)*) => {$(
        impl Reply for $message {
            fn payload(self) -> ConformancePayload {
                self.payload.unwrap_or_default()
            }
        }
    )*};
}

replies! {
    BidiStreamResponse,
    ClientStreamResponse,
    IdempotentUnaryResponse,
    ServerStreamResponse,
    UnaryResponse,
}

impl Reply for UnimplementedResponse {
    fn payload(self) -> ConformancePayload {
        ConformancePayload::default()
    }
}

impl ClientResponseResult {
    /// The response of a method that returns one message.
    pub(super) fn complete(&mut self, response: Response<impl Reply>) {
        self.headers(response.metadata());
        self.end(response.trailers());
        self.push(response.into_inner());
    }

    pub(super) fn headers(&mut self, metadata: &MetadataMap) {
        self.response_headers = header::describe(metadata);
    }

    pub(super) fn push(&mut self, reply: impl Reply) {
        self.payloads.push(reply.payload());
    }

    /// The end of a call that went well.
    pub(super) fn end(&mut self, trailers: &MetadataMap) {
        self.response_trailers = header::describe(trailers);
    }

    /// The end of a call that failed, before or after its response began.
    pub(super) fn fail(&mut self, status: &Status) {
        if self.response_headers.is_empty() {
            self.headers(status.initial_metadata());
        }
        self.end(status.metadata());
        self.error = Some(Error {
            code: status.code().into(),
            message: Some(status.message().to_owned()),
            details: status.details().to_vec(),
        });
    }
}
