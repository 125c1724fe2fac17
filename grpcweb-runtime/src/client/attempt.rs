use std::time::Instant;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{Extensions, HeaderMap, Method, Uri, Version};

use super::broken;
use super::response::Answer;
use super::retry::Retries;
use super::settings::Settings;
use super::transport::Transport;
use crate::deadline::{Timer, broken_off, now};
use crate::outbound::RequestFailure;
use crate::request::RequestHead;
use crate::wire::compression::{GRPC_ACCEPT_ENCODING, GRPC_ENCODING};
use crate::wire::timeout::{self, GRPC_TIMEOUT};
use crate::{Body, BoxError, MetadataMap, MethodDescriptor, Status};

const X_GRPC_WEB: HeaderName = HeaderName::from_static("x-grpc-web");
const PREVIOUS_ATTEMPTS: HeaderName = HeaderName::from_static("grpc-previous-rpc-attempts");
const TRAILERS: HeaderValue = HeaderValue::from_static("trailers");
const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("grpcweb-runtime/", env!("CARGO_PKG_VERSION")));

/// What a request has to say.
pub(super) enum Content {
    /// A frame, as it travels.
    Message(Bytes),
    Stream(Body, RequestFailure),
}

/// A call that is tried once, or more often.
pub(super) struct Attempt<'a> {
    pub(super) method: &'static MethodDescriptor,
    pub(super) settings: &'a Settings,
    pub(super) head: RequestHead,
    pub(super) deadline: Option<Instant>,
}

impl Attempt<'_> {
    /// The request of a call that is made once.
    pub(super) fn only_request(
        &mut self,
        content: Content,
    ) -> (http::Request<Body>, RequestFailure) {
        let (body, failure) = match content {
            Content::Message(frame) => (Body::full(frame), RequestFailure::default()),
            Content::Stream(body, failure) => (body, failure),
        };
        let RequestHead {
            metadata,
            extensions,
            ..
        } = &mut self.head;
        let (metadata, extensions) = (std::mem::take(metadata), std::mem::take(extensions));
        let request = self.request(metadata, extensions, body, 0);
        (request, failure)
    }

    /// Makes the call until it goes well, or is not to be made again.
    pub(super) async fn repeat<T: Transport>(
        &self,
        transport: T,
        frame: Bytes,
        mut retries: Retries<'_>,
    ) -> Result<Answer, Status> {
        loop {
            let body = Body::full(frame.clone());
            let RequestHead {
                metadata,
                extensions,
                ..
            } = &self.head;
            let request = self.request(metadata.clone(), extensions.clone(), body, retries.made());
            let no_stream = RequestFailure::default();
            let mut transport = transport.clone();
            let sent = self.exchange(&mut transport, request, no_stream).await;
            let status = match sent {
                Ok(mut answer) => match answer.begin().await {
                    Ok(()) => {
                        retries.succeeded();
                        return Ok(answer);
                    }
                    Err(status) => status,
                },
                Err(status) => status,
            };
            match retries.after(&status).and_then(Timer::after) {
                Some(pause) if pause.wakes() => pause.await,
                _ => return Err(status),
            }
        }
    }

    /// Sends a request, and looks at the head of its response.
    pub(super) async fn exchange<T: Transport>(
        &self,
        transport: &mut T,
        request: http::Request<Body>,
        failure: RequestFailure,
    ) -> Result<Answer, Status> {
        let response = match ready(transport).await {
            Ok(()) => transport.call(request).await.map_err(Into::into),
            Err(error) => Err(error),
        };
        match response {
            Ok(response) => {
                let response = response.map(Body::new);
                Answer::open(response, self.settings, self.deadline, failure)
            }
            Err(error) => {
                Err(failure.or(broken_off(self.deadline, broken::status_of(None, error))))
            }
        }
    }

    fn request(
        &self,
        metadata: MetadataMap,
        extensions: Extensions,
        body: Body,
        previous: u32,
    ) -> http::Request<Body> {
        let mut request = http::Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::from_static(self.method.path);
        *request.extensions_mut() = extensions;
        if self.settings.describe {
            request.extensions_mut().insert(self.method);
        }
        #[cfg(feature = "blocking")]
        if let Some(deadline) = self.deadline {
            let deadline = crate::deadline::Deadline(deadline);
            request.extensions_mut().insert(deadline);
        }
        if self.settings.protocol.needs_http2() {
            *request.version_mut() = Version::HTTP_2;
        }
        *request.headers_mut() = self.headers(metadata, previous);
        request
    }

    fn headers(&self, metadata: MetadataMap, previous: u32) -> HeaderMap {
        let Settings {
            protocol,
            accept_compressed,
            send_compressed,
            ..
        } = self.settings;
        let mut headers = metadata.into_sendable_headers();
        headers.insert(header::CONTENT_TYPE, protocol.request_content_type());
        if protocol.needs_http2() {
            headers.insert(header::TE, TRAILERS);
        } else {
            headers.insert(header::ACCEPT, protocol.request_content_type());
            headers.insert(X_GRPC_WEB, HeaderValue::from_static("1"));
        }
        headers.entry(header::USER_AGENT).or_insert(USER_AGENT);
        if let Some(encoding) = send_compressed {
            headers.insert(GRPC_ENCODING, HeaderValue::from_static(encoding.name()));
        }
        if !accept_compressed.is_empty() {
            headers.insert(GRPC_ACCEPT_ENCODING, accept_compressed.header());
        }
        if let Some(deadline) = self.deadline {
            let left = deadline.saturating_duration_since(now());
            headers.insert(GRPC_TIMEOUT, timeout::format(left));
        }
        if previous > 0 {
            headers.insert(PREVIOUS_ATTEMPTS, previous.into());
        }
        headers
    }
}

/// Sends a request as a transport takes it.
pub(super) async fn respond<T: Transport>(
    transport: &mut T,
    request: http::Request<Body>,
) -> Result<http::Response<Body>, BoxError> {
    ready(transport).await?;
    let response = transport.call(request).await.map_err(Into::into)?;
    Ok(response.map(Body::new))
}

async fn ready<T: Transport>(transport: &mut T) -> Result<(), BoxError> {
    std::future::poll_fn(|cx| transport.poll_ready(cx))
        .await
        .map_err(Into::into)
}
