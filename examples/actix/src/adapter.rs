//! Between actix-web and tower: all that it takes to mount services in a framework that is not on tower.
//!
//! For gRPC-Web. gRPC ends in HTTP trailers, which actix-web does not send: such calls are refused.

use std::io;

use actix_web::body::{BodyStream, BoxBody, SizedStream};
use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use grpcweb_runtime::{Body, BoxError, ConnectionInfo, Router};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use tokio::sync::mpsc;
use tower_service::Service as _;

/// Routes for the services, for [`App::configure`](actix_web::App::configure).
pub fn routes(rpc: Router) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        for service in rpc.services() {
            let rpc = rpc.clone();
            let handler = move |request, payload| answer(rpc.clone(), request, payload);
            let paths = web::resource(format!("/{}/{{method}}", service.name));
            config.service(paths.route(web::post().to(handler)));
        }
    }
}

async fn answer(mut rpc: Router, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let request = request_of(&request, payload);
    let Ok(response) = rpc.call(request).await;
    response_of(response)
}

/// The same request in the types of tower's world. actix-web has an older version of the crate `http`.
fn request_of(from: &HttpRequest, payload: web::Payload) -> http::Request<Body> {
    let mut request = http::Request::new(received(payload));
    *request.method_mut() = http::Method::POST;
    if let Ok(path) = from.path().parse() {
        *request.uri_mut() = path;
    }
    for (name, value) in from.headers() {
        let name = http::HeaderName::from_bytes(name.as_str().as_bytes());
        let value = http::HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            request.headers_mut().append(name, value);
        }
    }
    let connection = ConnectionInfo::new(from.peer_addr());
    request.extensions_mut().insert(connection);
    request
}

fn response_of(from: http::Response<Body>) -> HttpResponse {
    let (head, body) = from.into_parts();
    let status = StatusCode::from_u16(head.status.as_u16());
    let mut response = HttpResponse::build(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for (name, value) in &head.headers {
        response.append_header((name.as_str(), value.as_bytes()));
    }
    let size = http_body::Body::size_hint(&body).exact();
    let pieces = body.into_data_stream().map_err(io::Error::other);
    response.body(match size {
        Some(size) => BoxBody::new(SizedStream::new(size, pieces)),
        None => BoxBody::new(BodyStream::new(pieces)),
    })
}

/// The body of a request. That of actix-web stays on its thread: a task there hands over each piece.
fn received(mut payload: web::Payload) -> Body {
    let (send, receive) = mpsc::channel(1);
    actix_web::rt::spawn(async move {
        while let Some(piece) = payload.next().await {
            let piece = piece.map_err(|error| BoxError::from(error.to_string()));
            // Nobody reads on where the call is over.
            if send.send(piece).await.is_err() {
                break;
            }
        }
    });
    let pieces = stream::unfold(receive, async |mut receive| {
        Some((receive.recv().await?, receive))
    });
    Body::new(StreamBody::new(pieces.map_ok(Frame::data)))
}
