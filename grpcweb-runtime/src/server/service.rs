use http::{Method, Request, Response, StatusCode, header};

use super::call::Call;
use super::respond::{self, ResponseFuture};
use crate::body::HttpBody;
use crate::wire::protocol::{Protocol, UnknownProtocol};
use crate::{Body, Limits, ServiceDescriptor, Status};

/// A service of a `.proto` file: what generated servers implement.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a generated server",
    label = "not a generated server",
    note = "wrap what implements the trait of a service: `GreeterServer::new(MyGreeter)`"
)]
pub trait RpcService: Send + Sync + 'static {
    /// The service's name and methods.
    fn descriptor(&self) -> &'static ServiceDescriptor;

    /// The limits that its calls keep.
    fn limits(&self) -> Limits;

    /// Runs the method that the call names.
    fn call(&self, call: Call) -> ResponseFuture;
}

/// Answers a request to a service that stands alone.
#[doc(hidden)]
pub fn handle<B: HttpBody>(service: &dyn RpcService, request: Request<B>) -> ResponseFuture {
    let request = request.map(Body::new);
    match split_path(request.uri().path()) {
        Some((name, _)) if name == service.descriptor().name => run(service, request),
        _ => foreign(request),
    }
}

/// Answers a request whose path names the service.
pub(super) fn run(service: &dyn RpcService, request: Request<Body>) -> ResponseFuture {
    match protocol_of(&request) {
        Ok(protocol) => service.call(Call::new(request, protocol, service.limits())),
        Err(answer) => ResponseFuture::early(request, *answer),
    }
}

/// Answers a request whose path names no service here. A gRPC client gets a status; nobody else is
/// told more than that there is nothing.
pub(super) fn foreign(request: Request<Body>) -> ResponseFuture {
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
    ResponseFuture::early(request, answer)
}

/// The service and the method that a path names: `/{service}/{method}`.
pub(super) fn split_path(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix('/')?.split_once('/')
}

/// The protocol of a call, or the answer to what is none. Nothing but a POST of a gRPC-Web content type
/// starts a handler; a cross-site form post, say, must not.
fn protocol_of(request: &Request<Body>) -> Result<Protocol, Box<Response<Body>>> {
    if request.method() != Method::POST {
        let mut response = respond::http(StatusCode::METHOD_NOT_ALLOWED);
        let allow = header::HeaderValue::from_static("POST");
        response.headers_mut().insert(header::ALLOW, allow);
        return Err(Box::new(response));
    }
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let content_type = content_type.map_or(&[][..], |value| value.as_bytes());
    Protocol::from_content_type(content_type).map_err(|unknown| {
        Box::new(match unknown {
            UnknownProtocol::Codec(protocol) => respond::error(
                protocol,
                &Status::unimplemented(
                    "messages in another format than protobuf are not supported: send \
                 application/grpc-web+proto",
                ),
            ),
            UnknownProtocol::Foreign => respond::unsupported_media_type(),
        })
    })
}
