//! Compression and limits.

use std::io::Write as _;

use calls::note;
use calls::wire::{BINARY, GRPC, TEXT, frame, message, request};
use grpcweb_runtime::{CompressionEncoding, ServerOptions};
use http::Request;
use prost::Message as _;

use crate::{answer, answer_with, in_mode};

const ENCODINGS: [(&str, CompressionEncoding); 5] = [
    ("gzip", CompressionEncoding::Gzip),
    ("deflate", CompressionEncoding::Deflate),
    ("zstd", CompressionEncoding::Zstd),
    ("br", CompressionEncoding::Brotli),
    ("snappy", CompressionEncoding::Snappy),
];

/// What a client with another implementation than ours sends.
fn compress(encoding: &str, payload: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::default();
    match encoding {
        "gzip" => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), level);
            out.write_all(payload).unwrap();
            out.finish().unwrap()
        }
        "deflate" => {
            let mut out = flate2::write::ZlibEncoder::new(Vec::new(), level);
            out.write_all(payload).unwrap();
            out.finish().unwrap()
        }
        "zstd" => zstd::stream::encode_all(payload, 0).unwrap(),
        "br" => {
            let mut out = brotli::CompressorWriter::new(Vec::new(), 4096, 3, 20);
            out.write_all(payload).unwrap();
            out.into_inner()
        }
        "snappy" => {
            let mut out = snap::write::FrameEncoder::new(Vec::new());
            out.write_all(payload).unwrap();
            out.into_inner().unwrap()
        }
        other => panic!("{other}"),
    }
}

fn compressed(
    method: &str,
    content_type: &str,
    encoding: &str,
    body: &[u8],
) -> Request<grpcweb_runtime::Body> {
    let body = in_mode(content_type, body);
    let mut request = request(method, content_type, [&body[..]]);
    request
        .headers_mut()
        .insert("grpc-encoding", encoding.parse().unwrap());
    request
}

/// A server that takes every encoding, and messages of up to 64 KiB.
fn accepting() -> ServerOptions {
    ENCODINGS.iter().fold(
        ServerOptions::new().max_decoding_message_size(64 * 1024),
        |options, (_, encoding)| options.accept_compressed(*encoding),
    )
}

/// Known mistake 57.
#[tokio::test]
async fn a_compressed_message_of_a_call_without_an_encoding_is_internal() {
    for content_type in [BINARY, TEXT, GRPC] {
        for method in ["Echo", "Join"] {
            let body = frame(1, &compress("gzip", &note("a").encode_to_vec()));
            let body_in_mode = in_mode(content_type, &body);
            let absent = request(method, content_type, [&body_in_mode[..]]);
            let identity = compressed(method, content_type, "identity", &body);
            for request in [absent, identity] {
                let reply = answer_with(accepting(), request).await;
                assert_eq!(reply.code(), 13, "{method} {content_type}");
            }
        }
    }
}

/// Known mistake 57.
#[tokio::test]
async fn an_encoding_that_is_not_accepted_is_unimplemented_and_those_that_are_are_named() {
    for content_type in [BINARY, TEXT, GRPC] {
        let some = ServerOptions::new()
            .accept_compressed(CompressionEncoding::Zstd)
            .accept_compressed(CompressionEncoding::Gzip);
        for (options, encoding, accepted) in [
            (some.clone(), "lzw", "identity,zstd,gzip"),
            (some, "br", "identity,zstd,gzip"),
            (ServerOptions::new(), "gzip", "identity"),
        ] {
            let request = compressed("Echo", content_type, encoding, &message("a"));
            let reply = answer_with(options, request).await;
            assert_eq!(reply.code(), 12, "{content_type} {encoding}");
            assert_eq!(
                reply.header("grpc-accept-encoding"),
                accepted,
                "{content_type}"
            );
        }
    }
}

/// Known mistake 58.
#[tokio::test]
async fn what_is_compressed_is_taken_and_bombs_and_broken_pieces_of_it_are_refused() {
    let payload = note("abc".repeat(1000)).encode_to_vec();
    let zeros = vec![0; 1024 * 1024];
    for (encoding, _) in ENCODINGS {
        let good = compress(encoding, &payload);
        let mut corrupt = good.clone();
        let middle = corrupt.len() / 2;
        corrupt[middle] ^= 0xff;
        for (what, body, code) in [
            ("good", &good[..], 0),
            ("a bomb", &compress(encoding, &zeros), 8),
            ("truncated", &good[..good.len() - 1], 3),
            ("cut in half", &good[..middle], 3),
            ("garbage", b"this is not compressed", 3),
        ] {
            for content_type in [BINARY, TEXT, GRPC] {
                for method in ["Echo", "Join"] {
                    let request = compressed(method, content_type, encoding, &frame(1, body));
                    let reply = answer_with(accepting(), request).await;
                    let (_, trailers) = reply.read();
                    let place =
                        format!("{what} in {encoding}, {method} {content_type}: {trailers}");
                    assert_eq!(reply.code(), code, "{place}");
                    if code == 8 {
                        assert!(trailers.contains("server's limit of 65536"), "{place}");
                        assert!(trailers.contains("max_decoding_message_size"), "{place}");
                    }
                }
            }
        }
        // Some encodings have no checksum: what is changed may be another message, and no more than that.
        let request = compressed("Echo", BINARY, encoding, &frame(1, &corrupt));
        let code = answer_with(accepting(), request).await.code();
        assert!(matches!(code, 0 | 3 | 8), "{encoding}: {code}");
        if matches!(encoding, "gzip" | "deflate" | "snappy") {
            assert_eq!(code, 3, "{encoding}");
        }
    }
}

/// Known mistake 56.
#[tokio::test]
async fn a_second_message_is_refused_without_being_decompressed() {
    let bomb = compress("gzip", &vec![0; 1024 * 1024]);
    for content_type in [BINARY, TEXT, GRPC] {
        for second in [&bomb[..], b"garbage"] {
            for method in ["Echo", "Repeat"] {
                let body = [message("a"), frame(1, second)].concat();
                let request = compressed(method, content_type, "gzip", &body);
                let reply = answer_with(accepting(), request).await;
                assert_eq!(reply.code(), 12, "{method} {content_type}");
            }
        }
    }
}

/// Known mistake 59.
#[tokio::test]
async fn an_answer_over_the_limit_fails_in_every_protocol_and_is_no_panic() {
    let long = "x".repeat(100);
    for content_type in [BINARY, TEXT, GRPC] {
        for method in ["Echo", "Join", "Chat"] {
            let options = ServerOptions::new()
                .max_encoding_message_size(50)
                .send_compressed(CompressionEncoding::Gzip)
                .compress_above(0);
            let body = in_mode(content_type, &[message(&long), message("a")].concat());
            let one = in_mode(content_type, &message(&long));
            let body = if method == "Echo" { one } else { body };
            let mut request = request(method, content_type, [&body[..]]);
            let accepted = "gzip".parse().unwrap();
            request
                .headers_mut()
                .insert("grpc-accept-encoding", accepted);
            let reply = answer_with(options, request).await;
            assert_eq!(reply.code(), 8, "{method} {content_type}");
            let (messages, trailers) = reply.read();
            assert_eq!(messages, []);
            assert!(trailers.contains("limit of 50"), "{trailers}");
            assert!(trailers.contains("max_encoding_message_size"), "{trailers}");
        }
    }
}

/// Known mistake 57.
#[tokio::test]
async fn a_client_that_says_nothing_of_encodings_gets_no_compressed_frame() {
    let long = message(&"x".repeat(10_000));
    for content_type in [BINARY, TEXT, GRPC] {
        let body = in_mode(content_type, &long);
        let options = ServerOptions::new().send_compressed(CompressionEncoding::Gzip);
        let reply = answer_with(options, request("Echo", content_type, [&body[..]])).await;
        assert_eq!(reply.header("grpc-encoding"), "");
        assert_eq!(reply.read().0.len(), 1, "{content_type}");
        let plain = answer(request("Echo", content_type, [&body[..]])).await;
        assert_eq!(reply.body, plain.body, "{content_type}");
    }
}
