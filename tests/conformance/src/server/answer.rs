//! Answers as the definition in a request says.

use std::time::Duration;

use async_stream::try_stream;
use futures_util::{Stream, StreamExt as _};
use grpcweb_runtime::{Code, Response, Status, Streaming};

use crate::header;
use crate::v1::conformance_payload::RequestInfo;
use crate::v1::unary_response_definition::Response as Outcome;
use crate::v1::{ConformancePayload, Error, StreamResponseDefinition, UnaryResponseDefinition};

/// Answers with one message, which `wrap` makes.
pub(super) async fn unary<T>(
    definition: Option<UnaryResponseDefinition>,
    info: RequestInfo,
    wrap: fn(ConformancePayload) -> T,
) -> Result<Response<T>, Status> {
    let definition = definition.unwrap_or_default();
    delay(definition.response_delay_ms).await;
    let data = match definition.response {
        Some(Outcome::Error(error)) => {
            let mut status = status(error, Some(info));
            header::append(status.initial_metadata_mut(), &definition.response_headers)?;
            header::append(status.metadata_mut(), &definition.response_trailers)?;
            return Err(status);
        }
        Some(Outcome::ResponseData(data)) => data,
        None => Vec::new(),
    };
    let mut response = Response::new(wrap(ConformancePayload {
        data,
        request_info: Some(info),
    }));
    header::append(response.metadata_mut(), &definition.response_headers)?;
    header::append(response.trailers_mut(), &definition.response_trailers)?;
    Ok(response)
}

/// Answers with `messages`.
pub(super) fn streaming<T>(
    definition: Option<&StreamResponseDefinition>,
    messages: impl Stream<Item = Result<T, Status>> + Send + 'static,
) -> Result<Response<Streaming<T>>, Status> {
    let mut response = Response::new(Streaming::from_stream(messages));
    if let Some(definition) = definition {
        header::append(response.metadata_mut(), &definition.response_headers)?;
        header::append(response.trailers_mut(), &definition.response_trailers)?;
    }
    Ok(response)
}

/// The messages of a stream, and the error that it ends with.
pub(super) struct Replies {
    data: std::vec::IntoIter<Vec<u8>>,
    delay_ms: u32,
    error: Option<Error>,
    /// What was seen of the request since the last message.
    info: Option<RequestInfo>,
    sent: bool,
}

impl Replies {
    pub(super) fn new(definition: Option<StreamResponseDefinition>, info: RequestInfo) -> Self {
        let definition = definition.unwrap_or_default();
        Self {
            data: definition.response_data.into_iter(),
            delay_ms: definition.response_delay_ms,
            error: definition.error,
            info: Some(info),
            sent: false,
        }
    }

    /// What the next message is to say of the request.
    pub(super) fn info_mut(&mut self) -> &mut RequestInfo {
        self.info.get_or_insert_default()
    }

    /// The next message, when it is time for it.
    pub(super) async fn next(&mut self) -> Option<ConformancePayload> {
        let data = self.data.next()?;
        delay(self.delay_ms).await;
        self.sent = true;
        Some(ConformancePayload {
            data,
            request_info: self.info.take(),
        })
    }

    /// What the stream ends with, once its messages are sent.
    pub(super) fn end(self) -> Result<(), Status> {
        match self.error {
            Some(error) => {
                let info = self.info.filter(|_| !self.sent);
                Err(status(error, info))
            }
            None => Ok(()),
        }
    }

    /// All of it, each message in what `wrap` makes of it.
    pub(super) fn into_stream<T>(
        mut self,
        wrap: fn(ConformancePayload) -> T,
    ) -> impl Stream<Item = Result<T, Status>> {
        let stream = try_stream! {
            while let Some(payload) = self.next().await {
                yield payload;
            }
            self.end()?;
        };
        stream.map(move |payload| payload.map(wrap))
    }
}

async fn delay(ms: u32) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms.into())).await;
    }
}

fn status(error: Error, info: Option<RequestInfo>) -> Status {
    let code = Code::from_i32(error.code);
    let mut status = Status::new(code, error.message.unwrap_or_default());
    for detail in error.details {
        status = status.with_any_detail(detail);
    }
    match info {
        Some(info) => status.with_detail(&info),
        None => status,
    }
}
