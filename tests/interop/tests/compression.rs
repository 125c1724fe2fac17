//! What is compressed, and for whom.

use std::convert::Infallible;

use bytes::Bytes;
use grpcweb_runtime::Body;
use http::HeaderMap;
use http_body_util::BodyExt as _;
use tower_service::Service as _;

/// A request for a payload of 2,000 bytes, in a frame.
const REQUEST: &[u8] = b"\0\0\0\0\x03\x10\xd0\x0f";

/// The head and the first frame or more of the answer.
async fn answer(app: axum::Router, headers: &[(&str, &str)]) -> (HeaderMap, Bytes) {
    let mut request = http::Request::post("/grpc.testing.TestService/UnaryCall");
    request = request.version(http::Version::HTTP_2);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = app.clone().call(request.body(Body::full(REQUEST)).unwrap());
    let response = response.await;
    let response = response.unwrap_or_else(|never: Infallible| match never {});
    let (head, body) = response.into_parts();
    (head.headers, body.collect().await.unwrap().to_bytes())
}

#[tokio::test]
async fn messages_are_compressed_for_clients_that_accept_it() {
    let grpc = ("content-type", "application/grpc");
    let accepts = ("grpc-accept-encoding", "identity,deflate,gzip");
    for (app, asked, compressed) in [
        (interop::app(), &[grpc, accepts][..], false),
        (interop::compressing_app(), &[grpc], false),
        (interop::compressing_app(), &[grpc, accepts], true),
    ] {
        let (headers, body) = answer(app, asked).await;
        assert_eq!(body[0], u8::from(compressed));
        assert_eq!(body.len() < 2000, compressed);
        assert_eq!(headers.contains_key("grpc-encoding"), compressed);
    }
}

#[tokio::test]
async fn bodies_are_compressed_for_browsers() {
    let grpc_web = ("content-type", "application/grpc-web+proto");
    let accepts = ("accept-encoding", "gzip, deflate, br, zstd");
    for (app, asked, compressed) in [
        (interop::app(), &[grpc_web, accepts][..], false),
        (interop::compressing_app(), &[grpc_web], false),
        (interop::compressing_app(), &[grpc_web, accepts], true),
    ] {
        let (headers, body) = answer(app, asked).await;
        assert_eq!(headers.contains_key("content-encoding"), compressed);
        assert_eq!(body.len() < 2000, compressed);
        assert!(!headers.contains_key("grpc-encoding"));
    }
}
