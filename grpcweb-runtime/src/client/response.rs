use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap};
use http::{StatusCode, response};
use http_body::Body as _;

use super::interceptor::Hooks;
use super::settings::Settings;
use crate::codec::Decode;
use crate::deadline::Timer;
use crate::format::Format;
use crate::inbound::{Inbound, Origin};
use crate::outbound::RequestFailure;
use crate::wire::protocol::Protocol;
use crate::wire::{http_status, status};
use crate::{Body, Code, MetadataMap, Response, Status, Streaming};

/// How much of a body that is not of the protocol is quoted in the error.
const QUOTE: usize = 200;

/// A response that is known to be one of gRPC, before its messages are read.
pub(super) struct Answer {
    metadata: MetadataMap,
    /// Boxed, as it is large, and handed from one future to another.
    inbound: Box<Inbound>,
}

impl Answer {
    /// Looks at the head. What no gRPC server sent is an error that says what it is.
    pub(super) fn open(
        response: http::Response<Body>,
        settings: &Settings,
        deadline: Option<Instant>,
        request: RequestFailure,
    ) -> Result<Self, Status> {
        let (mut head, body) = response.into_parts();
        let hooks = head.extensions.remove::<Hooks>();
        match check(&head, settings) {
            Ok((format, in_head)) => {
                let origin = Origin {
                    head: in_head.then(|| head.headers.clone()),
                    request,
                    deadline,
                    hooks,
                };
                Ok(Self {
                    metadata: MetadataMap::from_headers(head.headers),
                    inbound: Box::new(Inbound::response(body, format, origin)),
                })
            }
            Err(refusal) => {
                let status = match refusal {
                    Refusal::Status(status) => status,
                    Refusal::InHead => status_in_head(head.headers),
                    Refusal::Foreign => foreign(head, body),
                };
                if let Some(hooks) = hooks {
                    hooks.end(Err(&status));
                }
                Err(status)
            }
        }
    }

    /// Waits for the first message, or for the end.
    pub(super) async fn begin(&mut self) -> Result<(), Status> {
        let begun = self.inbound.begin().await;
        begun.map_err(|status| status.with_initial_metadata(self.metadata.clone()))
    }

    /// Lets the call end at a deadline.
    pub(super) fn end_at(&mut self, deadline: Option<Timer>) {
        self.inbound.end_at(deadline);
    }

    /// Reads the one message and the end.
    pub(super) async fn message<T>(mut self, decode: Decode<T>) -> Result<Response<T>, Status> {
        let received = self.inbound.single().await;
        let decoded = received.and_then(|(payload, trailers)| Ok((decode(payload)?, trailers)));
        self.inbound.ended(match &decoded {
            Ok((_, trailers)) => Ok(trailers),
            Err(status) => Err(status),
        });
        match decoded {
            Ok((message, trailers)) => Ok(Response::from_parts(message, self.metadata, trailers)),
            Err(status) => Err(status.with_initial_metadata(self.metadata)),
        }
    }

    /// Hands out the messages as they come.
    pub(super) fn stream<T>(self, decode: Decode<T>) -> Response<Streaming<T>> {
        let messages = Streaming::from_inbound(self.inbound, decode);
        Response::from_parts(messages, self.metadata, MetadataMap::new())
    }
}

/// Why a response is not read.
enum Refusal {
    /// It failed as HTTP, and says why in gRPC's own terms.
    InHead,
    /// It is not gRPC.
    Foreign,
    Status(Status),
}

/// How the messages of a response travel, by its head, and whether that has a status.
fn check(head: &response::Parts, settings: &Settings) -> Result<(Format, bool), Refusal> {
    let in_head = status::is_in(&head.headers);
    if head.status != StatusCode::OK {
        return Err(if in_head {
            Refusal::InHead
        } else {
            Refusal::Foreign
        });
    }
    match head.headers.get(CONTENT_TYPE) {
        Some(value) if Protocol::from_content_type(value.as_bytes()) == Ok(settings.protocol) => {}
        None if in_head => {}
        _ => return Err(Refusal::Foreign),
    }
    let compression = settings.accept_compressed.agreed(&head.headers);
    let compression = compression.map_err(|unsupported| {
        let remedy = if unsupported.compiled_in {
            "; accept it with Client::accept_compressed"
        } else {
            ""
        };
        Refusal::Status(Status::internal(format!(
            "the server compressed its messages with {:?}, which was not asked for{remedy}",
            unsupported.name
        )))
    })?;
    let format = Format {
        compression,
        ..Format::new(settings.protocol, settings.limits)
    };
    Ok((format, in_head))
}

/// The error of an HTTP response that failed and says why in gRPC's own terms.
fn status_in_head(headers: HeaderMap) -> Status {
    match status::read(headers) {
        Err(status) => status,
        Ok(metadata) => Status::unknown("the response failed as HTTP but has grpc-status 0")
            .with_metadata(metadata),
    }
}

/// The error of a response that is not one of gRPC: from a proxy, a login page, another server.
fn foreign(head: response::Parts, body: Body) -> Status {
    let content_type = head
        .headers
        .get(CONTENT_TYPE)
        .map_or("no content-type".into(), |value| {
            format!(
                "content-type {:?}",
                String::from_utf8_lossy(value.as_bytes())
            )
        });
    let code = match head.status {
        StatusCode::OK => Code::Unknown,
        status => http_status::code_of(status),
    };
    let start = start_of(body);
    let quote = match String::from_utf8_lossy(&start) {
        text if text.trim().is_empty() => String::new(),
        text => format!("; it begins: {}", text.trim()),
    };
    Status::new(
        code,
        format!(
            "the response is not of the protocol of the call but HTTP {} with {content_type}{quote}",
            head.status
        ),
    )
    .with_metadata(MetadataMap::from_headers(head.headers))
}

/// The first bytes of a body, as far as they are there: what breaks off or is slow is not waited for.
fn start_of(body: Body) -> Bytes {
    let mut body = pin!(body);
    let mut start = Vec::new();
    // Nobody has to be woken for what comes later.
    let mut cx = Context::from_waker(Waker::noop());
    while start.len() < QUOTE {
        let Poll::Ready(Some(Ok(frame))) = body.as_mut().poll_frame(&mut cx) else {
            break;
        };
        if let Some(data) = frame.data_ref() {
            start.extend_from_slice(data);
        }
    }
    start.truncate(QUOTE);
    start.into()
}
