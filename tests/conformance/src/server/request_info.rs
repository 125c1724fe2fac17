use grpcweb_runtime::Request;
use prost::{Message, Name};
use prost_types::Any;

use crate::header;
use crate::v1::conformance_payload::RequestInfo;

impl RequestInfo {
    /// What a call is known by before its messages.
    pub(super) fn of<T>(request: &Request<T>) -> Self {
        Self {
            request_headers: header::describe(request.metadata()),
            timeout_ms: request
                .remaining()
                .and_then(|left| i64::try_from(left.as_millis()).ok()),
            ..Self::default()
        }
    }

    /// Adds a message of the request.
    pub(super) fn push<M: Message + Name>(&mut self, message: &M) {
        self.requests.push(Any {
            type_url: M::type_url(),
            value: message.encode_to_vec(),
        });
    }
}
