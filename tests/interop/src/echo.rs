//! Metadata that is sent back.

use axum::extract::Request;
use axum::middleware::Next;
use bytes::Bytes;
use grpcweb_runtime::{MetadataMap, Response, Status};

/// Sent back as initial metadata.
pub const INITIAL: &str = "x-grpc-test-echo-initial";

/// Sent back as trailing metadata.
pub const TRAILING: &str = "x-grpc-test-echo-trailing-bin";

/// What is to be sent back of a request.
pub(crate) struct Echo {
    initial: Vec<String>,
    trailing: Vec<Bytes>,
}

impl Echo {
    pub(crate) fn of(metadata: &MetadataMap) -> Self {
        Self {
            initial: metadata.get_all(INITIAL).map(str::to_owned).collect(),
            trailing: metadata.get_all_bin(TRAILING).collect(),
        }
    }

    /// The result of a call with what is to be sent back.
    pub(crate) fn with<T>(self, result: Result<T, Status>) -> Result<Response<T>, Status> {
        match result {
            Ok(message) => {
                let mut response = Response::new(message);
                for value in &self.initial {
                    response.metadata_mut().append(INITIAL, value)?;
                }
                self.append_trailing(response.trailers_mut())?;
                Ok(response)
            }
            Err(mut status) => {
                self.append_trailing(status.metadata_mut())?;
                Err(status)
            }
        }
    }

    fn append_trailing(self, metadata: &mut MetadataMap) -> Result<(), Status> {
        for value in self.trailing {
            metadata.append_bin(TRAILING, value)?;
        }
        Ok(())
    }
}

/// Sends back the initial metadata of calls that fail: a handler that returns a status has no place to
/// put it.
pub(crate) async fn initial_of_failures(request: Request, next: Next) -> axum::response::Response {
    let initial = request.headers().get(INITIAL).cloned();
    let mut response = next.run(request).await;
    if let Some(value) = initial {
        response.headers_mut().entry(INITIAL).or_insert(value);
    }
    response
}
