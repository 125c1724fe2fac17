//! Clients that do not read what they asked for.

use std::time::Duration;

use bytes::Bytes;
use calls::proto::calls::Note;
use calls::wire::{self, BINARY, GRPC, Reply, TEXT, frame};
use calls::{RawConnection, note};
use futures_util::future::join_all;
use grpcweb_runtime::{Body, BoxError};
use http::{Request, Response};
use prost::Message as _;
use tokio::time::{Instant, timeout};
use tower_service::Service as _;

use crate::victim::{MIB, PATIENCE, Victim};

const CALLS: usize = 8;

/// The frame of a request for notes of 10 kB without end.
fn long() -> Vec<u8> {
    let note = Note {
        count: u32::MAX,
        ..note("x".repeat(10_000))
    };
    frame(0, &note.encode_to_vec())
}

fn request(content_type: &str, timeout: Option<&str>) -> Request<Body> {
    use base64::Engine as _;
    let body = match content_type {
        TEXT => base64::engine::general_purpose::STANDARD
            .encode(long())
            .into(),
        _ => long(),
    };
    let mut request = wire::request("Repeat", content_type, [&body[..]]);
    let headers = request.headers_mut();
    headers.insert("scenario", "for-ever".parse().unwrap());
    if let Some(timeout) = timeout {
        headers.insert("grpc-timeout", timeout.parse().unwrap());
    }
    request
}

/// Waits until the server takes calls again.
async fn has_room(victim: &Victim) {
    let start = Instant::now();
    while victim.code_of_echo(false, BINARY).await == 8 {
        assert!(start.elapsed() < PATIENCE, "no call has ended");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

const WAYS: [(bool, &str); 4] = [(false, BINARY), (false, TEXT), (true, BINARY), (true, GRPC)];

/// Calls that fill the server, and whose answers nobody reads.
async fn fill(
    victim: &Victim,
    (http2, content_type): (bool, &str),
    deadline: Option<&str>,
) -> Vec<Response<impl http_body::Body<Data = Bytes, Error: Into<BoxError>> + use<>>> {
    let mut unread = Vec::new();
    for _ in 0..CALLS {
        let mut channel = victim.channel(http2);
        let call = channel.call(request(content_type, deadline));
        unread.push(timeout(PATIENCE, call).await.unwrap().unwrap());
    }
    let code = victim.code_of_echo(false, BINARY).await;
    assert_eq!(code, 8, "{content_type}");
    unread
}

#[tokio::test]
async fn a_stream_that_nobody_reads_holds_its_call_only_until_its_deadline() {
    let ways = WAYS.map(async |way| {
        let victim = Victim::start(CALLS).await;
        let unread = fill(&victim, way, Some("2S")).await;
        has_room(&victim).await;
        victim.assert_unharmed(20 * MIB).await;
        // Who reads on all the same finds out.
        for response in unread {
            let reply = timeout(PATIENCE, Reply::collect(response)).await.unwrap();
            assert_eq!(reply.unwrap().code(), 4, "{way:?}");
        }
    });
    join_all(ways).await;
}

#[tokio::test]
async fn a_stream_that_nobody_reads_without_a_deadline_ends_with_its_connection() {
    let ways = WAYS.map(async |way| {
        let victim = Victim::start(CALLS).await;
        drop(fill(&victim, way, None).await);
        has_room(&victim).await;
        victim.assert_unharmed(20 * MIB).await;
    });
    join_all(ways).await;
}

#[tokio::test]
async fn a_long_answer_that_nobody_reads_is_held_once() {
    let victim = Victim::start(1000).await;
    let text = "x".repeat(4 * 1024 * 1024 - 10);
    let body = wire::message(&text);
    let head = format!("content-length: {}\r\n", body.len());
    let head = RawConnection::head("Echo", BINARY, &head);
    let mut connections = Vec::new();
    for _ in 0..5 {
        let mut connection = victim.connect().await;
        connection.send([head.as_bytes(), &body].concat()).await;
        connections.push(connection);
    }
    victim.answers().await;
    for connection in &mut connections {
        assert_eq!(
            connection.response().await.read().0[0].text.len(),
            text.len()
        );
    }
    // Five messages of four MiB, as they came, decoded, and on their way back.
    victim.assert_unharmed(100 * MIB).await;
}
