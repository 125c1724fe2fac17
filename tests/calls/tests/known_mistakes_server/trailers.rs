//! Trailers content.

use calls::wire::{BINARY, GRPC, TEXT, message, request};
use calls::{MyNotes, Server};
use grpcweb_runtime::Body;
use grpcweb_runtime::error_details::{Any, BadRequest, ErrorInfo};
use http::Request;
use prost::{Message as _, Name as _};

use crate::{WAYS, answer, fetch, in_mode};

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, prost::Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// A request with header lines.
fn with(
    method: &str,
    content_type: &str,
    headers: &[(&'static str, &'static str)],
) -> Request<Body> {
    let text = if method == "Echo" { "fail" } else { "a" };
    let body = in_mode(content_type, &message(text));
    let mut request = request(method, content_type, [&body[..]]);
    for &(name, value) in headers {
        request.headers_mut().append(name, value.parse().unwrap());
    }
    request
}

/// The values of a trailer.
fn values<'a>(trailers: &'a str, key: &str) -> Vec<&'a str> {
    let start = format!("{key}:");
    let lines = trailers.lines();
    lines.filter_map(|line| line.strip_prefix(&start)).collect()
}

/// Known mistake 29.
#[tokio::test]
async fn a_trailers_frame_has_a_line_for_each_entry_in_lower_case_and_no_blank_line() {
    for content_type in [BINARY, TEXT] {
        let request = with("Echo", content_type, &[("X-Trailing", "a: b, c")]);
        let (_, trailers) = answer(request).await.read();
        let keys = [
            "grpc-message",
            "grpc-status",
            "grpc-status-details-bin",
            "x-trailing",
        ];
        let lines: Vec<_> = trailers.split_terminator("\r\n").collect();
        let mut found: Vec<_> = lines
            .iter()
            .map(|line| line.split_once(':').unwrap().0)
            .collect();
        found.sort_unstable();
        assert_eq!(found, keys, "{trailers:?}");
        assert!(trailers.ends_with("\r\n"), "{trailers:?}");
        assert_eq!(values(&trailers, "x-trailing"), ["a: b, c"]);
        // The message of the status has a line feed in it.
        assert!(
            lines.iter().all(|line| !line.contains(['\r', '\n'])),
            "{trailers:?}"
        );
    }
}

/// Known mistake 30.
#[tokio::test]
async fn binary_values_are_taken_padded_unpadded_and_joined_and_sent_unpadded() {
    let server = Server::start(MyNotes::default()).await;
    for (http2, content_type) in WAYS {
        let headers = [
            ("x-trailing-bin", "AAH/Cg==, AAH/Cg"),
            ("x-trailing-bin", "YQ"),
            ("x-trailing-bin", "YQ=="),
        ];
        let request = with("Echo", content_type, &headers);
        let (_, trailers) = fetch(&server, http2, request).await.read();
        let sent = values(&trailers, "x-trailing-bin");
        assert_eq!(sent, ["AAH/Cg", "AAH/Cg", "YQ", "YQ"], "{content_type}");
    }
}

/// Known mistake 31.
#[tokio::test]
async fn a_message_of_a_status_is_percent_encoded_in_every_protocol() {
    let server = Server::start(MyNotes::default()).await;
    for (http2, content_type) in WAYS {
        let request = with("Echo", content_type, &[]);
        let (_, trailers) = fetch(&server, http2, request).await.read();
        let sent = values(&trailers, "grpc-message");
        assert_eq!(sent, ["100 %25 na%C3%AFve:%0Ano"], "{content_type}");
    }
}

/// Known mistake 33.
#[tokio::test]
async fn an_error_before_the_first_message_keeps_details_and_trailers_for_every_kind_of_method() {
    let server = Server::start(MyNotes::default()).await;
    for (http2, content_type) in WAYS {
        for method in ["Echo", "Repeat", "Join", "Chat"] {
            let headers = [("scenario", "fail-at-once"), ("x-trailing", "kept")];
            let request = with(method, content_type, &headers);
            let (messages, trailers) = fetch(&server, http2, request).await.read();
            assert_eq!(messages, [], "{method} {content_type}");
            assert_eq!(
                values(&trailers, "grpc-status"),
                ["9"],
                "{method} {content_type}"
            );
            assert_eq!(
                values(&trailers, "x-trailing"),
                ["kept"],
                "{method} {content_type}"
            );
            let details = values(&trailers, "grpc-status-details-bin");
            assert_eq!(details.len(), 1, "{method} {content_type}");
        }
    }
}

/// Known mistake 34.
#[tokio::test]
async fn details_are_in_base64_once() {
    use base64::Engine as _;

    for content_type in [BINARY, GRPC] {
        let request = with("Echo", content_type, &[]);
        let (_, trailers) = answer(request).await.read();
        let details = values(&trailers, "grpc-status-details-bin");
        let engine = base64::engine::general_purpose::STANDARD_NO_PAD;
        let details = engine.decode(details[0]).unwrap();
        let status = RpcStatus::decode(&details[..]).unwrap();
        assert_eq!((status.code, &status.message[..]), (9, "100 % naïve:\nno"));
        let urls: Vec<_> = status
            .details
            .iter()
            .map(|any| any.type_url.clone())
            .collect();
        assert_eq!(urls, [BadRequest::type_url(), ErrorInfo::type_url()]);
    }
}
