//! What the client makes of responses, however they are cut and whoever sent them.

use std::io::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calls::proto::calls::Note;
use calls::proto::calls::notes_client::NotesClient;
use calls::{Canned, End, note};
use flate2::Compression;
use flate2::write::GzEncoder;
use grpcweb_runtime::client::Client;
use grpcweb_runtime::{Code, CompressionEncoding, Protocol, Status};
use http::{HeaderValue, StatusCode};
use prost::Message as _;

/// What a call came to: messages, then the code and message it ended with, and a trailer.
type Outcome = (Vec<Note>, Result<String, (Code, String)>);

fn frame(flags: u8, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap();
    [&[flags], &len.to_be_bytes()[..], payload].concat()
}

fn message(text: &str) -> Vec<u8> {
    frame(0, &note(text).encode_to_vec())
}

fn trailers(block: &str) -> Vec<u8> {
    frame(0x80, block.as_bytes())
}

fn failed(status: &Status) -> (Code, String) {
    (status.code(), status.message().to_owned())
}

async fn streamed(response: Canned) -> Outcome {
    read(NotesClient::new(response)).await
}

async fn read_text(mut response: Canned) -> Outcome {
    response.headers.insert(
        "content-type",
        HeaderValue::from_static("application/grpc-web-text"),
    );
    let client = Client::new(response).protocol(Protocol::GrpcWebText);
    read(NotesClient::from(client)).await
}

async fn read(client: NotesClient<Canned>) -> Outcome {
    let mut messages = Vec::new();
    let mut stream = match client.repeat(note("")).await {
        Ok(response) => response.into_inner(),
        Err(status) => return (messages, Err(failed(&status))),
    };
    loop {
        match stream.message().await {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => {
                let trailer = stream.trailers().get("x-end").unwrap_or_default();
                return (messages, Ok(trailer.to_owned()));
            }
            Err(status) => return (messages, Err(failed(&status))),
        }
    }
}

async fn unary(response: Canned) -> Outcome {
    match NotesClient::new(response).echo(note("")).await {
        Ok(response) => {
            let trailer = response
                .trailers()
                .get("x-end")
                .unwrap_or_default()
                .to_owned();
            (vec![response.into_inner()], Ok(trailer))
        }
        Err(status) => (vec![], Err(failed(&status))),
    }
}

/// Bodies of every sort: whole, failed, broken in each way.
fn bodies() -> Vec<Vec<u8>> {
    let ok = trailers("grpc-status:0\r\nx-end:here\r\n");
    let error = trailers("grpc-status: 5\r\ngrpc-message: not%20here");
    vec![
        [message("abc"), ok.clone()].concat(),
        [message("abc"), message(""), message("d"), ok.clone()].concat(),
        ok.clone(),
        [message("abc"), error.clone()].concat(),
        error,
        trailers(""),
        trailers("nonsense"),
        message("abc"),
        [message("abc"), message("abc")[..7].to_vec()].concat(),
        [message("abc"), ok[..10].to_vec()].concat(),
        [message("abc"), ok.clone(), message("late")].concat(),
        [ok.clone(), ok].concat(),
        frame(1, b"compressed"),
        frame(0, b"\xff\xff not protobuf"),
        b"<html>".to_vec(),
        b"\0\xff\xff\xff\xff".to_vec(),
        vec![],
    ]
}

/// Known mistakes 2, 3, 4, 5, 7 and 9.
#[tokio::test]
async fn every_cut_of_every_body_gives_the_same_result() {
    for body in bodies() {
        for kind in 0..2 {
            let run = async |chunks: Vec<&[u8]>| match kind {
                0 => unary(Canned::new(chunks)).await,
                _ => streamed(Canned::new(chunks)).await,
            };
            let whole = run(vec![&body]).await;
            for cut in 0..=body.len() {
                let (head, tail) = body.split_at(cut);
                assert_eq!(run(vec![head, tail]).await, whole, "{body:?} cut at {cut}");
            }
            assert_eq!(
                run(body.chunks(1).collect()).await,
                whole,
                "{body:?} by bytes"
            );
            let spaced = body.chunks(1).flat_map(|byte| [&[][..], byte]).collect();
            assert_eq!(run(spaced).await, whole, "{body:?} with empty chunks");
        }
    }
}

/// Known mistakes 5 and 19.
#[tokio::test]
async fn every_cut_of_every_body_in_text_gives_what_it_gives_in_binary() {
    for body in bodies() {
        let binary = streamed(Canned::new([&body])).await;
        for padded_at in [0, 1, body.len() / 2] {
            // A server pads whatever it flushes.
            let (head, tail) = body.split_at(padded_at.min(body.len()));
            let text = [STANDARD.encode(head), STANDARD.encode(tail)].concat();
            for cut in 0..=text.len() {
                let (head, tail) = text.as_bytes().split_at(cut);
                let outcome = read_text(Canned::new([head, tail])).await;
                assert_eq!(outcome, binary, "{text:?} cut at {cut}");
            }
            let outcome = read_text(Canned::new(text.as_bytes().chunks(1))).await;
            assert_eq!(outcome, binary, "{text:?} by characters");
        }
    }
}

/// Known mistake 10.
#[tokio::test]
async fn compressed_trailers_are_read_in_an_encoding_that_was_asked_for() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(b"grpc-status:5\r\ngrpc-message:gone\r\n")
        .unwrap();
    let block = encoder.finish().unwrap();
    let mut response = Canned::new([frame(0x81, &block)]);
    response
        .headers
        .insert("grpc-encoding", HeaderValue::from_static("gzip"));
    let client = Client::new(response).accept_compressed(CompressionEncoding::Gzip);
    let status = NotesClient::from(client).echo(note("")).await.unwrap_err();
    assert_eq!(failed(&status), (Code::NotFound, "gone".to_owned()));
}

/// Known mistake 1.
#[tokio::test]
async fn a_message_and_its_trailers_in_one_chunk_are_both_read() {
    let body = [message("abc"), trailers("grpc-status:0\r\nx-end:here\r\n")].concat();
    let expected = (vec![note("abc")], Ok("here".to_owned()));
    assert_eq!(unary(Canned::new([&body])).await, expected);
    assert_eq!(streamed(Canned::new([&body])).await, expected);
}

#[tokio::test]
async fn messages_before_an_error_are_delivered() {
    let body = [
        message("abc"),
        trailers("grpc-status:5\r\ngrpc-message:gone\r\n"),
    ]
    .concat();
    let gone = Err((Code::NotFound, "gone".to_owned()));
    assert_eq!(
        streamed(Canned::new([&body])).await,
        (vec![note("abc")], gone.clone())
    );
    assert_eq!(unary(Canned::new([&body])).await, (vec![], gone));
}

#[tokio::test]
async fn a_body_without_a_status_is_an_error() {
    for body in [message("abc"), vec![]] {
        for outcome in [
            streamed(Canned::new([&body])).await,
            unary(Canned::new([&body])).await,
        ] {
            let Err((code, text)) = outcome.1 else {
                panic!("{outcome:?}");
            };
            assert!(
                matches!(code, Code::Unknown | Code::Unimplemented),
                "{code}: {text}"
            );
        }
    }
}

/// Known mistake 6.
#[tokio::test]
async fn a_body_that_ends_inside_a_frame_is_an_error_at_once() {
    let whole = [message("abc"), trailers("grpc-status:0\r\n")].concat();
    let first = message("abc").len();
    for end in (1..whole.len()).filter(|&end| end != first) {
        let (_, result) = streamed(Canned::new([&whole[..end]])).await;
        assert_eq!(
            result.map_err(|(code, _)| code),
            Err(Code::Internal),
            "ended after {end}"
        );
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_unavailable_after_the_messages() {
    let response = Canned {
        end: End::Broken,
        ..Canned::new([message("abc")])
    };
    let (messages, result) = streamed(response).await;
    assert_eq!(messages, [note("abc")]);
    assert_eq!(result.map_err(|(code, _)| code), Err(Code::Unavailable));
}

/// Known mistake 8.
#[tokio::test]
async fn the_trailers_end_a_call_though_the_server_keeps_the_body_open() {
    let body = [message("abc"), trailers("grpc-status:0\r\n")].concat();
    let response = Canned {
        end: End::Never,
        ..Canned::new([body])
    };
    let call = tokio::time::timeout(Duration::from_secs(5), unary(response));
    assert_eq!(call.await.unwrap(), (vec![note("abc")], Ok(String::new())));
}

/// Known mistakes 25, 26 and 27.
#[tokio::test]
async fn a_status_in_the_head_counts_where_the_body_has_none() {
    let mut response = Canned::new([[]; 0]);
    response
        .headers
        .insert("grpc-status", HeaderValue::from_static("3"));
    response
        .headers
        .insert("grpc-message", HeaderValue::from_static("wrong"));
    let expected = Err((Code::InvalidArgument, "wrong".to_owned()));
    for body in [vec![], vec![trailers("")]] {
        response.chunks = body.into_iter().map(Into::into).collect();
        assert_eq!(streamed(response.clone()).await, (vec![], expected.clone()));
        assert_eq!(unary(response.clone()).await, (vec![], expected.clone()));
    }
    response.headers.remove("content-type");
    response.chunks.clear();
    assert_eq!(unary(response.clone()).await, (vec![], expected));

    response
        .headers
        .insert("grpc-status", HeaderValue::from_static("0"));
    assert_eq!(
        streamed(response.clone()).await,
        (vec![], Ok(String::new()))
    );
    let (_, result) = unary(response).await;
    assert_eq!(result.map_err(|(code, _)| code), Err(Code::Unimplemented));
}

/// Known mistake 26.
#[tokio::test]
async fn a_status_in_the_body_counts_more_than_one_in_the_head() {
    let body = [message("abc"), trailers("grpc-status:0\r\n")].concat();
    let mut response = Canned::new([body]);
    response
        .headers
        .insert("grpc-status", HeaderValue::from_static("9"));
    assert_eq!(
        unary(response).await,
        (vec![note("abc")], Ok(String::new()))
    );
}

#[tokio::test]
async fn a_status_in_the_head_counts_for_nothing_where_messages_follow() {
    let mut response = Canned::new([message("abc")]);
    for status in ["0", "9"] {
        response
            .headers
            .insert("grpc-status", HeaderValue::from_static(status));
        let (messages, result) = streamed(response.clone()).await;
        assert_eq!(messages, [note("abc")]);
        assert_eq!(result.map_err(|(code, _)| code), Err(Code::Unknown));
        let (_, result) = unary(response.clone()).await;
        assert_eq!(result.map_err(|(code, _)| code), Err(Code::Unknown));
    }
}

/// Known mistake 56.
#[tokio::test]
async fn a_unary_response_has_exactly_one_message() {
    let ok = trailers("grpc-status:0\r\n");
    for body in [ok.clone(), [message("a"), message("b"), ok].concat()] {
        let (_, result) = unary(Canned::new([body])).await;
        assert_eq!(result.map_err(|(code, _)| code), Err(Code::Unimplemented));
    }
}

/// Known mistakes 38 and 39.
#[tokio::test]
async fn what_is_not_grpc_web_is_quoted_in_the_error() {
    for (status, code) in [
        (200, Code::Unknown),
        (302, Code::Unknown),
        (400, Code::Internal),
        (401, Code::Unauthenticated),
        (403, Code::PermissionDenied),
        (404, Code::Unimplemented),
        (429, Code::Unavailable),
        (500, Code::Unknown),
        (502, Code::Unavailable),
        (503, Code::Unavailable),
        (504, Code::Unavailable),
    ] {
        let page = format!("<h1>No luck</h1>{}", "x".repeat(10_000));
        let mut response = Canned::new(page.as_bytes().chunks(100));
        response.status = StatusCode::from_u16(status).unwrap();
        response
            .headers
            .insert("content-type", HeaderValue::from_static("text/html"));
        response
            .headers
            .insert("x-proxy", HeaderValue::from_static("edge-7"));
        let error = NotesClient::new(response).echo(note("")).await.unwrap_err();
        assert_eq!(error.code(), code, "HTTP {status}");
        for part in [&status.to_string()[..], "text/html", "<h1>No luck</h1>"] {
            assert!(error.message().contains(part), "HTTP {status}: {error}");
        }
        assert!(error.message().len() < 400, "HTTP {status}: {error}");
        assert_eq!(error.metadata().get("x-proxy"), Some("edge-7"));
    }
}

/// Known mistake 38.
#[tokio::test]
async fn another_protocol_than_the_one_asked_for_is_an_error_that_names_it() {
    for content_type in [
        "application/grpc",
        "application/grpc-web-text",
        "application/grpc-web+json",
    ] {
        let mut response = Canned::new([message("abc")]);
        response
            .headers
            .insert("content-type", HeaderValue::from_static(content_type));
        let (_, result) = unary(response).await;
        let (code, text) = result.unwrap_err();
        assert_eq!(code, Code::Unknown);
        assert!(text.contains(content_type), "{text}");
    }
}

#[tokio::test]
async fn a_status_in_an_http_error_is_the_status_of_the_call() {
    let mut response = Canned::new([[]; 0]);
    response.status = StatusCode::SERVICE_UNAVAILABLE;
    response
        .headers
        .insert("grpc-status", HeaderValue::from_static("8"));
    response
        .headers
        .insert("grpc-message", HeaderValue::from_static("quota"));
    let expected = Err((Code::ResourceExhausted, "quota".to_owned()));
    assert_eq!(unary(response).await, (vec![], expected));
}

/// Known mistake 59.
#[tokio::test]
async fn a_message_over_the_limit_names_the_limit_the_side_and_the_setting() {
    let body = [message(&"x".repeat(100)), trailers("grpc-status:0\r\n")].concat();
    let client = Client::new(Canned::new([body])).max_decoding_message_size(50);
    let client = NotesClient::from(client);
    let status = client.echo(note("")).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    for part in [
        "response",
        "102",
        "client's limit of 50",
        "max_decoding_message_size",
    ] {
        assert!(status.message().contains(part), "{status}");
    }
}

#[tokio::test]
async fn trailers_over_the_limit_are_refused() {
    let response = Canned::new([b"\x80\x00\x20\x00\x00"]);
    let (_, result) = unary(response).await;
    assert_eq!(
        result.map_err(|(code, _)| code),
        Err(Code::ResourceExhausted)
    );
    let body = [message("abc"), trailers("grpc-status:0\r\nx-end:here\r\n")].concat();
    let client = Client::new(Canned::new([body])).max_trailers_size(20);
    let status = NotesClient::from(client).echo(note("")).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    for part in ["27 bytes", "limit of 20", "max_trailers_size"] {
        assert!(status.message().contains(part), "{status}");
    }
}

#[tokio::test]
async fn a_slow_page_is_an_error_at_once() {
    let mut response = Canned {
        end: End::Never,
        ..Canned::new([b"wait"])
    };
    response.headers.insert(
        "content-type",
        HeaderValue::from_static("text/event-stream"),
    );
    let call = tokio::time::timeout(Duration::from_secs(5), unary(response));
    let (_, result) = call.await.unwrap();
    let (code, text) = result.unwrap_err();
    assert_eq!(code, Code::Unknown);
    assert!(
        text.contains("event-stream") && text.contains("wait"),
        "{text}"
    );
}

#[tokio::test]
async fn a_status_in_http_trailers_counts_and_does_not_hide_what_is_missing() {
    for (cut, expected) in [(0, Ok(String::new())), (1, Err(Code::Internal))] {
        let mut body = message("abc");
        body.truncate(body.len() - cut);
        let mut response = Canned::new([body]);
        response
            .trailers
            .insert("grpc-status", HeaderValue::from_static("0"));
        let (messages, result) = streamed(response).await;
        assert_eq!(messages.len(), 1 - cut);
        assert_eq!(result.map_err(|(code, _)| code), expected);
    }
}
