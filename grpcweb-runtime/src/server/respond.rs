use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};

use super::drain;
use crate::limits::Limits;
use crate::wire::protocol::{self, Protocol};
use crate::wire::status;
use crate::{Body, ConnectionInfo, MetadataMap, Status, connection, outbound};

const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// What the future of a generated server gives.
pub(super) type Responded = Result<Response<Body>, Infallible>;

/// The future of every generated server.
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture(Kind);

enum Kind {
    Ready(Option<Box<Response<Body>>>),
    Running(Pin<Box<dyn Future<Output = Responded> + Send>>),
}

impl ResponseFuture {
    /// An answer that is there before the request has been read.
    pub(super) fn early(
        request: Request<Body>,
        connection: Option<ConnectionInfo>,
        response: Response<Body>,
    ) -> Self {
        if drain::matters(request.version(), request.body()) {
            let shutdown = connection::shutdown(connection.as_ref(), request.extensions());
            let request = request.into_body();
            Self::running(async { Ok(drain::drain(request, response, shutdown).await) })
        } else {
            Self(Kind::Ready(Some(Box::new(response))))
        }
    }

    pub(super) fn running(future: impl Future<Output = Responded> + Send + 'static) -> Self {
        Self(Kind::Running(Box::pin(future)))
    }
}

impl Future for ResponseFuture {
    type Output = Responded;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Responded> {
        match &mut self.0 {
            Kind::Ready(response) => match response.take() {
                Some(response) => Poll::Ready(Ok(*response)),
                None => Poll::Pending,
            },
            Kind::Running(future) => future.as_mut().poll(cx),
        }
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture(..)")
    }
}

/// The head of every response of a call that got as far as gRPC: HTTP 200.
pub(super) fn rpc(protocol: Protocol, metadata: Option<MetadataMap>, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    if let Some(metadata) = metadata {
        *response.headers_mut() = metadata.into_sendable_headers();
    }
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, protocol.content_type());
    response
}

/// Asks nginx to hand a stream on as it comes, and no faster than the client reads: where it buffers, it keeps
/// even the head of the response until there is a message, and takes in what nobody reads. It takes the header
/// out.
pub(super) fn unbuffered(response: &mut Response<Body>) {
    let no = const { HeaderValue::from_static("no") };
    response.headers_mut().insert(ACCEL_BUFFERING, no);
}

/// A call that failed before its response began.
///
/// The status of gRPC-Web is in the body, where no browser hides it from the page. That of gRPC is in the
/// trailers; they are the head too where nothing else is ("Trailers-Only").
pub(super) fn error(protocol: Protocol, status: &Status) -> Response<Body> {
    error_within(Limits::DEFAULT.trailers, protocol, status)
}

/// The same, with trailers of no more than `limit` bytes.
pub(super) fn error_within(limit: usize, protocol: Protocol, status: &Status) -> Response<Body> {
    let trailers = trailers(&mut Err(status.clone()), status.metadata().clone(), limit);
    let initial = status.initial_metadata();
    if protocol.ends_in_body() {
        let body = outbound::error(protocol, &trailers);
        rpc(protocol, Some(initial.clone()), body)
    } else if initial.is_empty() {
        let mut response = rpc(protocol, None, Body::empty());
        response.headers_mut().extend(trailers);
        response
    } else {
        let body = Body::with_trailers(bytes::Bytes::new(), Some(trailers));
        rpc(protocol, Some(initial.clone()), body)
    }
}

/// The trailers of a call, whose own length may be what makes it fail.
pub(super) fn trailers(
    result: &mut Result<(), Status>,
    trailing: MetadataMap,
    limit: usize,
) -> HeaderMap {
    let ends_with = result.as_ref().map(|&()| ());
    outbound::trailers_of(ends_with, trailing, limit).unwrap_or_else(|too_long| {
        let mut headers = HeaderMap::new();
        status::write(&too_long, &mut headers);
        *result = Err(too_long);
        headers
    })
}

/// A response to what is not a call.
pub(super) fn http(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// A response to a call in a protocol that is not spoken here, with those that are.
pub(super) fn unsupported_media_type() -> Response<Body> {
    let mut response = http(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    response
        .headers_mut()
        .insert(ACCEPT_POST, protocol::ACCEPTED);
    response
}
