//! Deadline, cancellation, flow.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use calls::proto::calls::Note;
use calls::proto::calls::notes_server::{Notes, NotesServer};
use calls::wire::{BINARY, GRPC, Reply, TEXT, frame, message, request};
use calls::{MyNotes, RawConnection, Server, note};
use futures_util::{StreamExt as _, stream};
use grpcweb_runtime::{
    Body, CancelReason, Code, Response, Router, ServerOptions, Status, Streaming,
};
use http::Request;
use http_body_util::StreamBody;
use prost::Message as _;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, timeout};
use tower_service::Service as _;

use crate::{WAYS, answer, fetch, in_mode, rpc};

const PATIENCE: Duration = Duration::from_secs(20);

/// Sends what is given, and then nothing, without an end.
fn stalling(mut request: Request<Body>) -> Request<Body> {
    let body = std::mem::take(request.body_mut());
    let body = http_body_util::BodyStream::new(body).chain(stream::pending());
    *request.body_mut() = Body::new(StreamBody::new(body));
    request
}

/// Calls that would not end by themselves.
fn endless(content_type: &str) -> [(&'static str, Request<Body>); 5] {
    let waiting = in_mode(content_type, &message("wait"));
    let whole = in_mode(content_type, &message("a"));
    let part = in_mode(content_type, &message("abcde")[..9]);
    let three = in_mode(
        content_type,
        &frame(
            0,
            &Note {
                count: 3,
                ..note("a")
            }
            .encode_to_vec(),
        ),
    );
    let part = &part[..part.len() / 4 * 4];
    let mut stream = request("Repeat", content_type, [&three[..]]);
    let scenario = "wait-after-each".parse().unwrap();
    stream.headers_mut().insert("scenario", scenario);
    [
        ("a handler", request("Echo", content_type, [&waiting[..]])),
        ("an upload", stalling(request("Echo", content_type, [part]))),
        (
            "uploads",
            stalling(request("Join", content_type, [&whole[..], part])),
        ),
        (
            "a chat",
            stalling(request("Chat", content_type, [&whole[..]])),
        ),
        ("a stream", stream),
    ]
}

/// Known mistake 46.
#[tokio::test]
async fn the_deadline_ends_handlers_uploads_and_streams_in_every_mount() {
    let notes = MyNotes::default();
    let in_axum = axum::Router::new().nest("/api", rpc(&notes).into_axum_router());
    let in_axum_too = in_axum.clone();
    let servers = [
        ("", Server::serve(rpc(&notes)).await),
        (
            "/api",
            Server::with(|listener| axum::serve(listener, in_axum)).await,
        ),
        (
            "/api",
            Server::with(|listener| grpcweb_runtime::serve(listener, in_axum_too)).await,
        ),
    ];
    let mut calls = Vec::new();
    for (prefix, server) in &servers {
        for (http2, content_type) in WAYS {
            for (what, mut request) in endless(content_type) {
                let place = format!("{what}, {content_type}, HTTP/2: {http2}, below {prefix:?}");
                *request.uri_mut() = format!("{prefix}{}", request.uri()).parse().unwrap();
                let headers = request.headers_mut();
                headers.insert("grpc-timeout", "300m".parse().unwrap());
                calls.push(async move {
                    let start = Instant::now();
                    let reply = timeout(PATIENCE, fetch(server, http2, request)).await;
                    let reply = reply.expect(&place);
                    assert_eq!(reply.code(), 4, "{place}");
                    let sent = usize::from(matches!(what, "a chat" | "a stream"));
                    assert_eq!(reply.read().0.len(), sent, "{place}");
                    assert!(start.elapsed() >= Duration::from_millis(290), "{place}");
                });
            }
        }
    }
    futures_util::future::join_all(calls).await;
    assert_eq!(notes.live.load(Ordering::SeqCst), 0);
}

/// Known mistake 46.
#[tokio::test(start_paused = true)]
async fn a_deadline_goes_by_the_clock_of_the_runtime() {
    tokio::time::advance(Duration::from_secs(60 * 60)).await;
    for (go_on_after, code) in [(1, 0), (3, 4)] {
        let notes = MyNotes::default();
        let go_on = Arc::clone(&notes.go_on);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(go_on_after)).await;
            go_on.notify_one();
        });
        let mut request = request("Echo", BINARY, [&message("wait")[..]]);
        let headers = request.headers_mut();
        headers.insert("grpc-timeout", "2S".parse().unwrap());
        let response = NotesServer::new(notes).call(request).await.unwrap();
        assert_eq!(Reply::collect(response).await.unwrap().code(), code);
    }
}

/// Known mistake 47.
#[tokio::test]
async fn odd_timeouts_are_taken_as_far_as_they_make_sense_and_never_panic() {
    for content_type in [BINARY, TEXT, GRPC] {
        let long = "9".repeat(100) + "H";
        for (value, code) in [
            ("0n", 4),
            ("0H", 4),
            ("172800000m", 0),
            ("123456789S", 0),
            ("99999999H", 0),
            ("18446744073709551616n", 0),
            (&long, 0),
            ("1500.5m", 0),
            ("5x", 0),
            ("-5S", 0),
            ("S", 0),
            ("", 0),
        ] {
            let body = in_mode(content_type, &message("a"));
            let mut request = request("Echo", content_type, [&body[..]]);
            let headers = request.headers_mut();
            headers.insert("grpc-timeout", value.parse().unwrap());
            assert_eq!(answer(request).await.code(), code, "{content_type} {value}");
        }
    }
}

/// Known mistake 50.
#[tokio::test]
async fn a_handler_is_dropped_when_its_client_goes() {
    let notes = MyNotes::default();
    let server = Server::start(notes.clone()).await;
    for (http2, content_type) in WAYS {
        let body = in_mode(content_type, &message("wait"));
        let request = request("Echo", content_type, [&body[..]]);
        let mut channel = server.channel(http2);
        let call = tokio::spawn(async move { channel.call(request).await.map(drop) });
        timeout(PATIENCE, notes.waits.notified()).await.unwrap();
        assert_eq!(notes.live.load(Ordering::SeqCst), 1);
        call.abort();
        let dropped = timeout(PATIENCE, notes.dropped.notified()).await;
        dropped.unwrap_or_else(|_| panic!("{content_type}, HTTP/2: {http2}"));
        assert_eq!(notes.live.load(Ordering::SeqCst), 0);
    }
}

/// How a handler that reads a stream of requests ended.
#[derive(Debug)]
enum End {
    Clean,
    Failed(Code),
    Dropped,
}

/// Tells how the streams that it reads end, and what it is told of its calls.
#[derive(Clone)]
struct Reader {
    began: Arc<Notify>,
    ends: mpsc::UnboundedSender<End>,
}

struct Guard(Option<mpsc::UnboundedSender<End>>);

impl Guard {
    fn send(&mut self, end: End) {
        if let Some(ends) = self.0.take() {
            ends.send(end).unwrap();
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.send(End::Dropped);
    }
}

impl Notes for Reader {
    async fn echo(&self, _: grpcweb_runtime::Request<Note>) -> Result<Response<Note>, Status> {
        Err(Status::unimplemented(""))
    }

    /// An error after two messages, and more after that.
    async fn repeat(
        &self,
        _: grpcweb_runtime::Request<Note>,
    ) -> Result<Response<Streaming<Note>>, Status> {
        let items = [
            Ok(note("a")),
            Ok(note("b")),
            Err(Status::aborted("first")),
            Err(Status::not_found("second")),
            Ok(note("c")),
        ];
        Ok(Response::new(Streaming::from_stream(stream::iter(items))))
    }

    async fn join(
        &self,
        request: grpcweb_runtime::Request<Streaming<Note>>,
    ) -> Result<Response<Note>, Status> {
        let mut guard = Guard(Some(self.ends.clone()));
        let mut notes = request.into_inner();
        loop {
            match notes.message().await {
                Ok(Some(_)) => self.began.notify_one(),
                Ok(None) => {
                    guard.send(End::Clean);
                    return Ok(Response::new(note("")));
                }
                Err(status) => {
                    guard.send(End::Failed(status.code()));
                    return Err(status);
                }
            }
        }
    }

    async fn chat(
        &self,
        _: grpcweb_runtime::Request<Streaming<Note>>,
    ) -> Result<Response<Streaming<Note>>, Status> {
        Err(Status::unimplemented(""))
    }
}

fn reader() -> (Reader, mpsc::UnboundedReceiver<End>) {
    let (ends, seen) = mpsc::unbounded_channel();
    let began = Arc::default();
    (Reader { began, ends }, seen)
}

fn assert_no_clean_end(end: Option<End>, place: &str) {
    assert!(
        matches!(
            end,
            Some(End::Failed(Code::Cancelled | Code::InvalidArgument) | End::Dropped)
        ),
        "{place}: {end:?}"
    );
}

/// Known mistake 50.
#[tokio::test]
async fn a_request_stream_that_breaks_off_is_no_clean_end() {
    let (reader, mut ends) = reader();
    let began = Arc::clone(&reader.began);
    let server = Server::serve(Router::new().add_service(NotesServer::new(reader))).await;
    for (http2, content_type) in WAYS {
        let body = in_mode(content_type, &message("abc"));
        let request = stalling(request("Join", content_type, [&body[..]]));
        let mut channel = server.channel(http2);
        let call = tokio::spawn(async move { channel.call(request).await.map(drop) });
        timeout(PATIENCE, began.notified()).await.unwrap();
        call.abort();
        let end = timeout(PATIENCE, ends.recv()).await.unwrap();
        assert_no_clean_end(end, content_type);
    }
    let whole = String::from_utf8(message("abc")).unwrap();
    let chunk = format!("a\r\n{whole}\r\n");
    for (framing, body) in [
        ("transfer-encoding: chunked\r\n", &chunk[..]),
        ("content-length: 100\r\n", &whole),
    ] {
        for half_close in [false, true] {
            let mut connection = RawConnection::open(&server.address).await;
            let head = RawConnection::head("Join", BINARY, framing);
            connection.send(head + body).await;
            timeout(PATIENCE, began.notified()).await.unwrap();
            if half_close {
                connection.half_close().await;
            } else {
                drop(connection);
            }
            let end = timeout(PATIENCE, ends.recv()).await.unwrap();
            assert_no_clean_end(end, framing);
        }
    }
}

/// Known mistake 51.
/// Known mistake 53.
#[tokio::test]
async fn a_stream_delivers_what_was_before_its_first_error_and_nothing_after() {
    let (reader, _) = reader();
    let server = Server::serve(Router::new().add_service(NotesServer::new(reader))).await;
    for (http2, content_type) in WAYS {
        let body = in_mode(content_type, &message(""));
        let reply = fetch(&server, http2, request("Repeat", content_type, [&body[..]])).await;
        let (messages, trailers) = reply.read();
        assert_eq!(messages, [note("a"), note("b")], "{content_type}");
        assert_eq!(reply.code(), 10, "{content_type}");
        assert!(trailers.contains("grpc-message:first"), "{trailers}");
        assert!(!trailers.contains("second"), "{trailers}");
    }
}

/// Says that its calls were told of the shutdown; its streams never end.
struct Endless(mpsc::UnboundedSender<CancelReason>);

impl Notes for Endless {
    async fn echo(&self, _: grpcweb_runtime::Request<Note>) -> Result<Response<Note>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn repeat(
        &self,
        request: grpcweb_runtime::Request<Note>,
    ) -> Result<Response<Streaming<Note>>, Status> {
        let (told, cancelled) = (self.0.clone(), request.cancelled());
        tokio::spawn(async move { told.send(cancelled.await) });
        let messages = stream::iter([Ok(note("a"))]).chain(stream::pending());
        Ok(Response::new(Streaming::from_stream(messages)))
    }

    async fn join(
        &self,
        _: grpcweb_runtime::Request<Streaming<Note>>,
    ) -> Result<Response<Note>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn chat(
        &self,
        _: grpcweb_runtime::Request<Streaming<Note>>,
    ) -> Result<Response<Streaming<Note>>, Status> {
        Err(Status::unimplemented(""))
    }
}

/// Known mistake 54.
#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_within_its_grace_though_a_stream_does_not() {
    for (http2, content_type) in WAYS {
        let (told, mut reasons) = mpsc::unbounded_channel();
        let router = Router::new().add_service(NotesServer::new(Endless(told)));
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let ended = Arc::new(Notify::new());
        let ends = Arc::clone(&ended);
        let server = Server::with(|listener| async move {
            let signal = async move { stopped.notified().await };
            let server = grpcweb_runtime::serve(listener, router);
            server.with_graceful_shutdown(signal).await.unwrap();
            ends.notify_one();
        })
        .await;
        let body = in_mode(content_type, &message(""));
        let request = request("Repeat", content_type, [&body[..]]);
        let response = server.channel(http2).call(request).await.unwrap();
        stop.notify_one();
        let start = Instant::now();
        timeout(Duration::from_secs(31), ended.notified())
            .await
            .expect(content_type);
        assert!(start.elapsed() >= Duration::from_secs(29), "{content_type}");
        assert_eq!(reasons.recv().await, Some(CancelReason::Shutdown));
        // An end that no client takes for success.
        let reply = Reply::collect(response).await.expect(content_type);
        assert_eq!(reply.code(), 14, "{content_type}");
    }
}

/// Known mistake 56.
#[tokio::test]
async fn a_method_for_one_message_takes_neither_none_nor_two_over_any_transport() {
    let server = Server::start(MyNotes::default()).await;
    for (http2, content_type) in WAYS {
        for method in ["Echo", "Repeat"] {
            for body in [vec![], [message("a"), message("b")].concat()] {
                let body = in_mode(content_type, &body);
                let request = request(method, content_type, [&body[..]]);
                let reply = fetch(&server, http2, request).await;
                assert_eq!(reply.code(), 12, "{method} {content_type}");
            }
        }
    }
}

/// Known mistake 46.
#[tokio::test(start_paused = true)]
async fn the_server_has_a_deadline_of_its_own_and_cuts_longer_ones() {
    let soon = Duration::from_millis(300);
    for (options, asked) in [
        (ServerOptions::new().timeout(soon), None),
        (ServerOptions::new().max_timeout(soon), Some("1H")),
    ] {
        let router = rpc(&MyNotes::default()).with_options(options);
        let server = Server::serve(router).await;
        for (http2, content_type) in WAYS {
            let body = in_mode(content_type, &message("wait"));
            let mut request = request("Echo", content_type, [&body[..]]);
            if let Some(asked) = asked {
                let headers = request.headers_mut();
                headers.insert("grpc-timeout", asked.parse().unwrap());
            }
            let reply = timeout(PATIENCE, fetch(&server, http2, request)).await;
            assert_eq!(reply.unwrap().code(), 4, "{content_type} {asked:?}");
        }
    }
}
