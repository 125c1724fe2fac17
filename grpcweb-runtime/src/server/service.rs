use std::sync::Arc;
use std::time::Instant;

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version, header};

use super::call::Call;
use super::concurrency::Permit;
#[cfg(feature = "gzip")]
use super::content_encoding;
use super::observed::Observed;
use super::observed_body;
use super::observer::StartedCall;
use super::reply::Answer;
use super::respond::{self, ResponseFuture};
use super::running::Running;
use super::settings::{MethodSettings, ServiceSettings, Settings};
use crate::body::HttpBody;
use crate::cancel::{CallContext, CancelReason};
use crate::deadline::{DEADLINE_EXCEEDED, now};
use crate::format::Format;
use crate::wire::compression::{GRPC_ACCEPT_ENCODING, UnsupportedEncoding};
use crate::wire::protocol::{Protocol, UnknownProtocol};
use crate::wire::timeout::{self, GRPC_TIMEOUT};
use crate::{Body, Code, ConnectionInfo, ServiceDescriptor, Status, connection};

/// A service of a `.proto` file: what generated servers implement.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a generated server",
    label = "not a generated server",
    note = "wrap what implements the trait of a service: `GreeterServer::new(MyGreeter)`"
)]
pub trait RpcService: Send + Sync + 'static {
    /// The service's name and methods.
    fn descriptor(&self) -> &'static ServiceDescriptor;

    /// For generated code.
    #[doc(hidden)]
    fn settings(&self) -> &Settings;

    /// For generated code: runs the method that the call names.
    #[doc(hidden)]
    fn call(&self, call: Call) -> ResponseFuture;
}

/// Answers a request to a service that stands alone.
#[doc(hidden)]
pub fn handle<B: HttpBody>(service: &dyn RpcService, request: Request<B>) -> ResponseFuture {
    let request = request.map(Body::new);
    match split_path(request.uri().path()) {
        Some((name, method)) if name == service.descriptor().name => {
            let settings = service.settings().alone();
            let settings = settings.of_method(method);
            let method_at = name.len() + 2;
            run(service, settings, request, None, method_at)
        }
        _ => foreign(request, None),
    }
}

/// Answers a request to a service of a router.
pub(super) fn handle_in_router(
    service: &dyn RpcService,
    settings: &ServiceSettings,
    request: Request<Body>,
    connection: Option<ConnectionInfo>,
) -> ResponseFuture {
    let method_at = service.descriptor().name.len() + 2;
    let method = request.uri().path().get(method_at..);
    let settings = settings.of_method(method.unwrap_or_default());
    run(service, settings, request, connection, method_at)
}

/// Answers a request whose path names the service.
fn run(
    service: &dyn RpcService,
    settings: &Arc<MethodSettings>,
    mut request: Request<Body>,
    mut connection: Option<ConnectionInfo>,
    method_at: usize,
) -> ResponseFuture {
    let protocol = match protocol_of(&request) {
        Ok(protocol) => protocol,
        Err(answer) => return ResponseFuture::early(request, connection, *answer),
    };
    let method = if settings.is_watched() {
        // Observers look into the extensions, before there is a call.
        if let Some(connection) = connection.take() {
            request.extensions_mut().insert(connection);
        }
        let name = request.uri().path().get(method_at..);
        name.and_then(|name| service.descriptor().method(name))
    } else {
        None
    };
    let started = StartedCall {
        service: service.descriptor(),
        method,
        protocol,
        request: &request,
    };
    let observed = Observed::start(&settings.observers, &started);
    match accept(protocol, settings, &request) {
        Ok(Accepted {
            format,
            answer,
            deadline,
            permit,
        }) => {
            let shutdown = connection::shutdown(connection.as_ref(), request.extensions());
            let context = CallContext::new(deadline, shutdown, observed);
            service.call(Call {
                request,
                connection,
                method_at,
                format,
                answer,
                settings: Arc::clone(settings),
                running: Running::new(context, permit),
                method,
            })
        }
        Err(refusal) => {
            let context = Arc::new(CallContext::new(None, None, observed));
            context.end(match refusal.status.code() {
                Code::DeadlineExceeded => CancelReason::DeadlineExceeded,
                _ => CancelReason::Ended,
            });
            context.decided(Err(&refusal.status));
            let mut response = refusal.answer(protocol);
            observed_body::watch(&mut response, &context);
            ResponseFuture::early(request, connection, response)
        }
    }
}

/// Why a call does not begin.
struct Refusal {
    status: Status,
    /// The encodings that would have been accepted, where that is why.
    accepted: Option<HeaderValue>,
}

impl Refusal {
    fn answer(self, protocol: Protocol) -> Response<Body> {
        let mut response = respond::error(protocol, &self.status);
        if let Some(accepted) = self.accepted {
            response
                .headers_mut()
                .insert(GRPC_ACCEPT_ENCODING, accepted);
        }
        response
    }
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self {
            status,
            accepted: None,
        }
    }
}

/// What a call is granted.
struct Accepted {
    format: Format,
    answer: Answer,
    deadline: Option<Instant>,
    permit: Permit,
}

/// What the head of a request asks for, if it can be had.
fn accept(
    protocol: Protocol,
    settings: &MethodSettings,
    request: &Request<Body>,
) -> Result<Accepted, Refusal> {
    if !settings.speaks(protocol) {
        let status = Status::unimplemented(format!(
            "calls in the protocol {protocol:?} are not accepted here; the server could, with \
             ServerOptions::protocols"
        ));
        return Err(status.into());
    }
    let headers = request.headers();
    let format = Format {
        compression: settings
            .accept_compressed
            .agreed(headers)
            .map_err(|unsupported| refuse_encoding(&unsupported, settings))?,
        ..Format::new(protocol, settings.limits)
    };
    let deadline = deadline(headers, settings)?;
    let permit = settings.permit()?;
    let compression = settings.send_compressed.acceptable(headers);
    let answer = Answer {
        format: Format {
            compression,
            compress_above: settings.compress_above,
            ..format
        },
        #[cfg(feature = "gzip")]
        gzip: settings.content_encoding
            && compression.is_none()
            && protocol.ends_in_body()
            && content_encoding::is_accepted(headers),
    };
    Ok(Accepted {
        format,
        answer,
        deadline,
        permit,
    })
}

/// When the call has to be over.
fn deadline(headers: &HeaderMap, settings: &MethodSettings) -> Result<Option<Instant>, Status> {
    let asked = headers
        .get(GRPC_TIMEOUT)
        .and_then(|value| timeout::parse(value.as_bytes()));
    let granted = match (asked, settings.max_timeout) {
        (Some(asked), Some(max)) => Some(asked.min(max)),
        (asked, _) => asked.or(settings.timeout),
    };
    match granted {
        Some(timeout) if timeout.is_zero() => Err(Status::deadline_exceeded(DEADLINE_EXCEEDED)),
        Some(timeout) => Ok(now().checked_add(timeout)),
        None => Ok(None),
    }
}

fn refuse_encoding(unsupported: &UnsupportedEncoding, settings: &MethodSettings) -> Refusal {
    let remedy = if unsupported.compiled_in {
        "; the server could, with ServerOptions::accept_compressed"
    } else {
        ""
    };
    Refusal {
        status: Status::unimplemented(format!(
            "messages with the grpc-encoding {:?} are not accepted here{remedy}",
            unsupported.name
        )),
        accepted: Some(settings.accept_compressed.header()),
    }
}

/// Answers a request whose path names no service here. A gRPC client gets a status; nobody else is
/// told more than that there is nothing.
pub(super) fn foreign(
    request: Request<Body>,
    connection: Option<ConnectionInfo>,
) -> ResponseFuture {
    let answer = match protocol_of(&request) {
        Ok(protocol) => respond::error(
            protocol,
            &Status::unimplemented(format!(
                "there is no service for the path {:?} here",
                request.uri().path()
            )),
        ),
        Err(_) => respond::http(StatusCode::NOT_FOUND),
    };
    ResponseFuture::early(request, connection, answer)
}

/// The service and the method that a path names: `/{service}/{method}`.
pub(super) fn split_path(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix('/')?.split_once('/')
}

/// The protocol of a call, or the answer to what is none. Nothing but a POST of a content type of gRPC
/// starts a handler; a cross-site form post, say, must not.
fn protocol_of(request: &Request<Body>) -> Result<Protocol, Box<Response<Body>>> {
    if request.method() != Method::POST {
        let mut response = respond::http(StatusCode::METHOD_NOT_ALLOWED);
        let allow = HeaderValue::from_static("POST");
        response.headers_mut().insert(header::ALLOW, allow);
        return Err(Box::new(response));
    }
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let content_type = content_type.map_or(&[][..], |value| value.as_bytes());
    let refused = match Protocol::from_content_type(content_type) {
        Ok(protocol) if protocol.needs_http2() && request.version() < Version::HTTP_2 => {
            let status = Status::unimplemented(
                "gRPC needs HTTP/2: over HTTP/1.1 send application/grpc-web+proto",
            );
            respond::error(protocol, &status)
        }
        Ok(protocol) => return Ok(protocol),
        Err(UnknownProtocol::Codec(protocol)) => {
            let status = Status::unimplemented(
                "messages in another format than protobuf are not supported: send a content-type \
                 that ends in +proto",
            );
            respond::error(protocol, &status)
        }
        Err(UnknownProtocol::Foreign) => respond::unsupported_media_type(),
    };
    Err(Box::new(refused))
}
