//! What is sent back beside the messages, and what CORS lets pages see of it.

use std::convert::Infallible;

use grpcweb_runtime::{Body, MetadataMap, Request, Streaming};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt as _;
use interop::proto::grpc::testing::test_service_client::TestServiceClient;
use interop::proto::grpc::testing::{
    EchoStatus, Empty, SimpleRequest, StreamingInputCallRequest, StreamingOutputCallRequest,
};
use interop::{INITIAL, TRAILING};
use tower_service::Service as _;

const INITIAL_VALUE: &str = "test_initial_metadata_value";
const TRAILING_VALUE: &[u8] = &[0xab, 0xab, 0xab];

fn client() -> TestServiceClient<axum::Router> {
    TestServiceClient::new(interop::app())
}

fn asking<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let metadata = request.metadata_mut();
    metadata.insert(INITIAL, INITIAL_VALUE).unwrap();
    metadata.insert_bin(TRAILING, TRAILING_VALUE).unwrap();
    request
}

fn assert_echoed(name: &str, initial: &MetadataMap, trailing: &MetadataMap) {
    assert_eq!(initial.get(INITIAL), Some(INITIAL_VALUE), "{name}");
    let trailing = trailing.get_bin(TRAILING);
    assert_eq!(trailing.as_deref(), Some(TRAILING_VALUE), "{name}");
}

fn failing() -> Option<EchoStatus> {
    Some(EchoStatus {
        code: 2,
        message: "as asked".into(),
    })
}

#[tokio::test]
async fn a_single_answer_brings_the_metadata_back() {
    let client = client();
    let empty = client.empty_call(asking(Empty {})).await.unwrap();
    assert_echoed("empty", empty.metadata(), empty.trailers());
    let unary = asking(SimpleRequest::default());
    let unary = client.unary_call(unary).await.unwrap();
    assert_echoed("unary", unary.metadata(), unary.trailers());
    let cacheable = asking(SimpleRequest::default());
    let cacheable = client.cacheable_unary_call(cacheable).await.unwrap();
    assert_echoed("cacheable", cacheable.metadata(), cacheable.trailers());
    let input = asking(Streaming::from_iter([StreamingInputCallRequest::default()]));
    let input = client.streaming_input_call(input).await.unwrap();
    assert_echoed("input", input.metadata(), input.trailers());
}

#[tokio::test]
async fn a_stream_brings_the_metadata_back_however_it_ends() {
    let client = client();
    for response_status in [None, failing()] {
        let request = StreamingOutputCallRequest {
            response_status,
            ..StreamingOutputCallRequest::default()
        };
        let requests = || asking(Streaming::from_iter([request.clone()]));
        let output = client.streaming_output_call(asking(request.clone())).await;
        let full = client.full_duplex_call(requests()).await;
        let half = client.half_duplex_call(requests()).await;
        for (name, response) in [("output", output), ("full", full), ("half", half)] {
            let response = response.unwrap();
            let initial = response.metadata().clone();
            let mut responses = response.into_inner();
            let end = responses.message().await;
            assert_eq!(end.is_err(), request.response_status.is_some(), "{name}");
            assert_echoed(name, &initial, responses.trailers());
        }
    }
}

#[tokio::test]
async fn an_error_brings_the_metadata_back() {
    let request = SimpleRequest {
        response_status: failing(),
        ..SimpleRequest::default()
    };
    let status = client().unary_call(asking(request)).await.unwrap_err();
    let trailing = status.metadata().get_bin(TRAILING);
    assert_eq!(trailing.as_deref(), Some(TRAILING_VALUE));

    // A status has no initial metadata, so this is read from the response itself.
    let headers = [
        ("content-type", "application/grpc-web+proto"),
        (INITIAL, INITIAL_VALUE),
    ];
    let path = "/grpc.testing.TestService/UnimplementedCall";
    let (_, headers) = exchange(Method::POST, path, &headers).await;
    assert_eq!(headers[INITIAL], INITIAL_VALUE);
}

/// What a page of another origin is answered.
async fn exchange(method: Method, path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap) {
    let mut request = http::Request::new(Body::full(&[0; 5][..]));
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().unwrap();
    for (name, value) in [("origin", "http://page.example")].iter().chain(headers) {
        let name: http::HeaderName = name.parse().unwrap();
        request.headers_mut().append(name, value.parse().unwrap());
    }
    let response = interop::app().call(request).await;
    let (head, body) = response
        .unwrap_or_else(|never: Infallible| match never {})
        .into_parts();
    body.collect().await.unwrap();
    (head.status, head.headers)
}

#[tokio::test]
async fn a_preflight_is_granted_what_it_asks_for() {
    let asked = [
        ("access-control-request-method", "POST"),
        (
            "access-control-request-headers",
            "content-type,grpc-timeout,x-anything,x-grpc-web",
        ),
    ];
    let path = "/grpc.testing.TestService/EmptyCall";
    let (status, headers) = exchange(Method::OPTIONS, path, &asked).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        headers["access-control-allow-origin"],
        "http://page.example"
    );
    assert_eq!(headers["access-control-allow-methods"], asked[0].1);
    assert_eq!(headers["access-control-allow-headers"], asked[1].1);
    assert!(headers.contains_key("access-control-max-age"));
}

#[tokio::test]
async fn a_page_may_read_answers_and_errors() {
    let grpc_web = [("content-type", "application/grpc-web+proto")];
    for (path, sent, expected) in [
        (
            "/grpc.testing.TestService/EmptyCall",
            &grpc_web[..],
            StatusCode::OK,
        ),
        (
            "/grpc.testing.TestService/Nonexistent",
            &grpc_web,
            StatusCode::OK,
        ),
        ("/nonexistent", &[], StatusCode::NOT_FOUND),
    ] {
        let (status, headers) = exchange(Method::POST, path, sent).await;
        assert_eq!(status, expected, "{path}");
        assert_eq!(
            headers["access-control-allow-origin"], "http://page.example",
            "{path}"
        );
        let exposed = headers["access-control-expose-headers"].to_str().unwrap();
        let exposed: Vec<_> = exposed.split(',').map(str::trim).collect();
        for name in [
            "grpc-status",
            "grpc-message",
            "grpc-status-details-bin",
            INITIAL,
        ] {
            assert!(exposed.contains(&name), "{path}: {exposed:?}");
        }
    }
}
