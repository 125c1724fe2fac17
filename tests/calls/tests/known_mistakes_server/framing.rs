//! Framing and chunking.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use calls::proto::calls::notes_server::NotesServer;
use calls::wire::{BINARY, GRPC, Reply, TEXT, frame, message, request};
use calls::{MyNotes, RawConnection, Server, note};
use grpcweb_runtime::{Body, BoxError, ServerOptions};
use http::{Request, Version};
use http_body::Body as _;
use tower_service::Service as _;

use crate::{answer, in_mode};

/// The same chunk without end, counted.
struct Endless {
    chunk: Bytes,
    read: Arc<AtomicUsize>,
}

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, BoxError>>> {
        self.read.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Some(Ok(http_body::Frame::data(self.chunk.clone()))))
    }
}

/// The code of the answer to chunks without end, and how many of them were read.
async fn after_endless(options: ServerOptions, method: &str, chunk: Vec<u8>) -> (u32, usize) {
    let read = Arc::default();
    let body = Endless {
        chunk: chunk.into(),
        read: Arc::clone(&read),
    };
    let request = Request::post(format!("/calls.Notes/{method}"))
        .version(Version::HTTP_2)
        .header("content-type", BINARY)
        .body(Body::new(body))
        .unwrap();
    let mut server = NotesServer::new(MyNotes::default()).with_options(options);
    let response = server.call(request).await.unwrap();
    let code = Reply::collect(response).await.unwrap().code();
    (code, read.load(Ordering::Relaxed))
}

/// Known mistake 11.
#[tokio::test]
async fn a_request_is_not_read_past_its_fault_or_its_limit() {
    let none = ServerOptions::new;
    let limited = none().max_request_size(100);
    for (options, method, chunk, answer) in [
        (none(), "Echo", frame(0x80, b"x"), (3, 1)),
        (none(), "Join", frame(0x80, b"x"), (3, 1)),
        (none(), "Echo", b"\0\xff\xff\xff\xff".to_vec(), (8, 1)),
        (none(), "Echo", message("abc"), (12, 2)),
        (limited.clone(), "Join", message("abcde"), (8, 9)),
        (limited, "Chat", message("abcde"), (8, 9)),
    ] {
        let read = after_endless(options, method, chunk.clone()).await;
        assert_eq!(read, answer, "{method} with {chunk:?}");
    }
}

/// Known mistake 11.
#[tokio::test]
async fn garbage_after_the_last_message_is_an_invalid_argument() {
    for content_type in [BINARY, TEXT, GRPC] {
        for garbage in [&b"garbage"[..], b"\0", b"\0\0\0\0\x05abc"] {
            let body = [&message("abc"), garbage].concat();
            let body = in_mode(content_type, &body);
            let reply = answer(request("Echo", content_type, [&body[..]])).await;
            assert_eq!(reply.code(), 3, "{content_type} {garbage:?}");
        }
    }
}

/// Known mistake 12.
#[tokio::test]
async fn a_length_of_4_gib_is_refused_in_every_protocol_and_for_every_kind_of_method() {
    for content_type in [BINARY, TEXT, GRPC] {
        for method in ["Echo", "Repeat", "Join", "Chat"] {
            let body = in_mode(content_type, b"\0\xff\xff\xff\xff!");
            let reply = answer(request(method, content_type, [&body[..]])).await;
            assert_eq!(reply.code(), 8, "{method} {content_type}");
        }
    }
}

/// Known mistake 13.
#[tokio::test]
async fn the_size_of_an_answer_in_text_is_that_of_its_base64() {
    for text in ["", "a", "ab", "abc", "fail"] {
        for content_type in [BINARY, TEXT] {
            let body = in_mode(content_type, &message(text));
            let request = request("Echo", content_type, [&body[..]]);
            let mut server = NotesServer::new(MyNotes::default());
            let response = server.call(request).await.unwrap();
            let hint = response.body().size_hint().exact();
            let reply = Reply::collect(response).await.unwrap();
            let len = u64::try_from(reply.body.len()).unwrap();
            assert_eq!(hint, Some(len), "{text:?} {content_type}");
        }
    }
}

/// Known mistake 13.
#[tokio::test]
async fn a_length_that_a_handler_passes_on_is_not_that_of_the_answer() {
    let server = Server::start(MyNotes::default()).await;
    for content_type in [BINARY, TEXT] {
        let body = in_mode(content_type, &message("pass-on"));
        let lines = format!("content-length: {}\r\nx-kept: yes\r\n", body.len());
        let head = RawConnection::head("Echo", content_type, &lines);
        let mut connection = RawConnection::open(&server.address).await;
        connection.send([head.as_bytes(), &body].concat()).await;
        let reply = connection.response().await;
        let lengths = reply.head.headers().get_all("content-length");
        let lengths: Vec<_> = lengths.iter().collect();
        assert_eq!(lengths, [&reply.body.len().to_string()], "{content_type}");
        assert_eq!(reply.header("x-kept"), "yes");
        let (messages, trailers) = reply.read();
        assert_eq!(messages, [note("pass-on")]);
        assert!(!trailers.contains("content-length"), "{trailers}");
    }
}
