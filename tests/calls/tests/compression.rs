//! Compressed messages, and compressed bodies.

use std::io::{Read as _, Write as _};

use bytes::Bytes;
use calls::proto::calls::Note;
use calls::proto::calls::notes_server::NotesServer;
use calls::{MyNotes, note};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use grpcweb_runtime::CompressionEncoding::{Brotli, Deflate, Gzip, Snappy, Zstd};
use grpcweb_runtime::{Body, ServerOptions};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use prost::Message as _;
use tower_service::Service as _;

fn frame(flags: u8, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap();
    [&[flags][..], &len.to_be_bytes(), payload].concat()
}

fn gzip(payload: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(payload).unwrap();
    encoder.finish().unwrap()
}

fn gunzip(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    GzDecoder::new(payload).read_to_end(&mut out).unwrap();
    out
}

/// A note that is worth compressing.
fn long() -> Note {
    note("la".repeat(1000))
}

async fn call(
    options: ServerOptions,
    method: &str,
    headers: &[(&'static str, &'static str)],
    body: Vec<u8>,
) -> Response<Bytes> {
    let mut server = NotesServer::new(MyNotes::default()).with_options(options);
    let mut request = Request::post(format!("/calls.Notes/{method}"))
        .header("content-type", "application/grpc-web+proto");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request
        .body(Body::new(Full::new(Bytes::from(body))))
        .unwrap();
    let (head, body) = server.call(request).await.unwrap().into_parts();
    Response::from_parts(head, body.collect().await.unwrap().to_bytes())
}

/// The first frame of a body: its flags and its payload.
fn first(body: &[u8]) -> (u8, &[u8]) {
    let len = u32::from_be_bytes(body[1..5].try_into().unwrap());
    (body[0], &body[5..5 + usize::try_from(len).unwrap()])
}

#[track_caller]
fn has_status(response: &Response<Bytes>, status: u8) -> String {
    let text = String::from_utf8_lossy(response.body()).into_owned();
    let expected = format!("grpc-status:{status}\r\n");
    assert!(text.contains(&expected), "{text:?}");
    text
}

#[tokio::test]
async fn a_compressed_message_is_read_in_an_encoding_that_is_accepted() {
    let options = ServerOptions::new().accept_compressed(Gzip);
    let encoding = ("grpc-encoding", "gzip");
    let body = frame(1, &gzip(&long().encode_to_vec()));
    let response = call(options.clone(), "Echo", &[encoding], body).await;
    has_status(&response, 0);
    let (flags, payload) = first(response.body());
    assert_eq!((flags, Note::decode(payload)), (0, Ok(long())));

    let plain = frame(0, &long().encode_to_vec());
    let response = call(options, "Echo", &[encoding], plain).await;
    has_status(&response, 0);
}

/// Known mistake 57.
#[tokio::test]
async fn an_encoding_that_is_not_accepted_is_unimplemented_with_those_that_are() {
    let body = || frame(1, &gzip(&long().encode_to_vec()));
    for (options, accepted) in [
        (
            ServerOptions::new()
                .accept_compressed(Zstd)
                .accept_compressed(Brotli),
            "identity,zstd,br",
        ),
        (ServerOptions::new(), "identity"),
    ] {
        let response = call(options, "Echo", &[("grpc-encoding", "gzip")], body()).await;
        let text = has_status(&response, 12);
        assert!(text.contains("accept_compressed"), "{text}");
        assert_eq!(response.headers()["grpc-accept-encoding"], accepted);
    }
    let options = ServerOptions::new().accept_compressed(Gzip);
    let response = call(options, "Echo", &[("grpc-encoding", "lzw")], body()).await;
    let text = has_status(&response, 12);
    assert!(text.contains("\"lzw\""), "{text}");
}

/// Known mistake 57.
#[tokio::test]
async fn a_message_that_is_marked_as_compressed_without_an_encoding_is_an_internal_error() {
    let options = ServerOptions::new().accept_compressed(Gzip);
    let body = frame(1, &gzip(&long().encode_to_vec()));
    for encoding in [&[][..], &[("grpc-encoding", "identity")]] {
        let response = call(options.clone(), "Echo", encoding, body.clone()).await;
        has_status(&response, 13);
    }
}

#[tokio::test]
async fn a_message_is_compressed_in_the_first_of_ours_that_the_client_accepts() {
    let options = ServerOptions::new()
        .send_compressed(Zstd)
        .send_compressed(Gzip);
    let body = || frame(0, &long().encode_to_vec());
    for method in ["Echo", "Chat"] {
        let accept = ("grpc-accept-encoding", "identity,deflate,gzip");
        let response = call(options.clone(), method, &[accept], body()).await;
        has_status(&response, 0);
        assert_eq!(response.headers()["grpc-encoding"], "gzip");
        let (flags, payload) = first(response.body());
        let payload = gunzip(payload);
        assert_eq!((flags, Note::decode(&payload[..])), (1, Ok(long())));
    }
    let accept = ("grpc-accept-encoding", "gzip, zstd");
    let response = call(options, "Echo", &[accept], body()).await;
    assert_eq!(response.headers()["grpc-encoding"], "zstd");
}

#[tokio::test]
async fn nothing_is_compressed_for_a_client_that_did_not_ask() {
    let options = ServerOptions::new().send_compressed(Gzip);
    let body = frame(0, &long().encode_to_vec());
    // What every browser sends.
    let accept = ("accept-encoding", "gzip, deflate, br, zstd");
    for headers in [&[][..], &[accept], &[("grpc-accept-encoding", "identity")]] {
        let response = call(options.clone(), "Echo", headers, body.clone()).await;
        assert_eq!(first(response.body()).0, 0);
        assert!(!response.headers().contains_key("grpc-encoding"));
        assert!(!response.headers().contains_key("content-encoding"));
    }
}

#[tokio::test]
async fn a_short_message_and_a_method_that_is_switched_off_stay_as_they_are() {
    let accept = ("grpc-accept-encoding", "gzip");
    let options = ServerOptions::new()
        .send_compressed(Gzip)
        .compress_above(100);
    for (text, flags) in [("la".repeat(40), 0), ("la".repeat(60), 1)] {
        let body = frame(0, &note(text).encode_to_vec());
        let response = call(options.clone(), "Echo", &[accept], body).await;
        assert_eq!(first(response.body()).0, flags);
    }
    let off = options.method("Echo", ServerOptions::new().send_uncompressed());
    let response = call(off, "Echo", &[accept], frame(0, &long().encode_to_vec())).await;
    assert_eq!(first(response.body()).0, 0);
}

/// Known mistake 58.
#[tokio::test]
async fn a_message_that_grows_over_the_limit_is_refused() {
    let options = ServerOptions::new()
        .accept_compressed(Gzip)
        .max_decoding_message_size(10_000);
    let bomb = frame(1, &gzip(&vec![0; 1_000_000]));
    assert!(bomb.len() < 10_000);
    let response = call(options, "Echo", &[("grpc-encoding", "gzip")], bomb).await;
    let text = has_status(&response, 8);
    assert!(text.contains("max_decoding_message_size"), "{text}");
}

/// Known mistake 58.
#[tokio::test]
async fn what_is_not_compressed_as_it_says_is_an_invalid_argument() {
    let options = [Gzip, Deflate, Zstd, Brotli, Snappy]
        .into_iter()
        .fold(ServerOptions::new(), ServerOptions::accept_compressed);
    for encoding in ["gzip", "deflate", "zstd", "br", "snappy"] {
        let body = frame(1, b"neither of them");
        let response = call(
            options.clone(),
            "Echo",
            &[("grpc-encoding", encoding)],
            body,
        )
        .await;
        let text = has_status(&response, 3);
        assert!(text.contains(encoding), "{text}");
    }
}

#[tokio::test]
async fn whole_bodies_are_compressed_where_that_is_on_and_the_client_takes_it() {
    let options = ServerOptions::new()
        .content_encoding(true)
        .send_compressed(Gzip);
    let body = || frame(0, &long().encode_to_vec());
    let takes = ("accept-encoding", "gzip, deflate, br, zstd");
    for method in ["Echo", "Chat"] {
        let response = call(options.clone(), method, &[takes], body()).await;
        assert_eq!(response.headers()["content-encoding"], "gzip");
        assert_eq!(response.headers()["vary"], "accept-encoding");
        assert!(response.body().len() < 200);
        let plain = gunzip(response.body());
        let (flags, payload) = first(&plain);
        assert_eq!((flags, Note::decode(payload)), (0, Ok(long())));
        assert!(plain.ends_with(b"grpc-status:0\r\n"));
    }

    let both = [takes, ("grpc-accept-encoding", "gzip")];
    let response = call(options.clone(), "Echo", &both, body()).await;
    assert!(!response.headers().contains_key("content-encoding"));
    assert_eq!(response.headers()["grpc-encoding"], "gzip");

    let response = call(options, "Echo", &[("accept-encoding", "br")], body()).await;
    assert!(!response.headers().contains_key("content-encoding"));
}
