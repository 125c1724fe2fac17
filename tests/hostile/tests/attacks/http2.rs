//! What HTTP/2 makes possible.

use std::time::Duration;

use calls::wire::{self, BINARY, GRPC, Reply, message};
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower_service::Service as _;

use crate::victim::{MIB, PATIENCE, Victim};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&len[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A field that is not to be remembered, neither compressed (RFC 7541, section 6.2.2).
fn field(name: &str, value: &str) -> Vec<u8> {
    let len = |text: &str| u8::try_from(text.len()).unwrap();
    [
        &[0, len(name)],
        name.as_bytes(),
        &[len(value)],
        value.as_bytes(),
    ]
    .concat()
}

/// The head of a call that hangs in its handler.
fn head(method: &str) -> Vec<u8> {
    [
        field(":method", "POST"),
        field(":scheme", "http"),
        field(":path", &format!("/calls.Notes/{method}")),
        field(":authority", "test"),
        field("content-type", GRPC),
        field("te", "trailers"),
        field("scenario", "hang"),
    ]
    .concat()
}

/// A connection after the preface and the settings.
async fn connect(victim: &Victim) -> TcpStream {
    let mut stream = TcpStream::connect(&victim.address).await.unwrap();
    let settings = frame(SETTINGS, 0, 0, &[]);
    let start = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &settings].concat();
    stream.write_all(&start).await.unwrap();
    stream
}

/// Sends without end, or nearly, until the server closes the connection or takes nothing more. Reads
/// what comes, or not.
async fn flood(victim: &Victim, reads: bool, frames: impl Iterator<Item = Vec<u8>>) {
    let stream = connect(victim).await;
    let (mut reading, mut writing) = stream.into_split();
    let reader = tokio::spawn(async move {
        let mut sink = vec![0; 64 * 1024];
        while reads && matches!(reading.read(&mut sink).await, Ok(1..)) {}
        reading
    });
    let write = async {
        let mut chunk = Vec::new();
        for frame in frames {
            chunk.extend(frame);
            if chunk.len() > 32 * 1024 {
                writing.write_all(&chunk).await?;
                chunk.clear();
            }
        }
        writing.write_all(&chunk).await
    };
    // It takes nothing more, closes the connection, or has taken all.
    let _ = timeout(Duration::from_secs(3), write).await;
    victim.answers().await;
    drop(writing);
    reader.abort();
}

fn streams() -> impl Iterator<Item = u32> {
    (1..).step_by(2)
}

#[tokio::test]
async fn streams_that_are_opened_and_reset_without_end_cost_little() {
    let victim = &Victim::start(1000).await;
    let floods = (0..4).map(|n| {
        let frames = streams().take(50_000).flat_map(move |id| {
            let open = frame(HEADERS, END_HEADERS, id, &head("Join"));
            [open, frame(RST_STREAM, 0, id, &8_u32.to_be_bytes())]
        });
        flood(victim, n % 2 == 0, frames)
    });
    join_all(floods).await;
    victim.assert_unharmed(40 * MIB).await;
}

#[tokio::test]
async fn streams_beyond_the_limit_of_a_connection_are_refused() {
    let victim = &Victim::start(100_000).await;
    let floods = (0..4).map(|n| {
        let frames = streams().take(20_000).flat_map(|id| {
            let open = frame(HEADERS, END_HEADERS, id, &head("Echo"));
            [open, frame(DATA, END_STREAM, id, &message("abc"))]
        });
        flood(victim, n % 2 == 0, frames)
    });
    join_all(floods).await;
    victim.assert_unharmed(40 * MIB).await;
}

#[tokio::test]
async fn frames_that_ask_for_work_and_carry_nothing_cost_little() {
    let victim = &Victim::start(1000).await;
    let open = || frame(HEADERS, END_HEADERS, 1, &head("Join"));
    let many = |frame: Vec<u8>| std::iter::repeat_n(frame, 200_000);
    let ends = |frame: Vec<u8>| std::iter::once(frame);
    for reads in [false, true] {
        join_all([
            flood(
                victim,
                reads,
                Box::new(many(frame(PING, 0, 0, &[0; 8]))) as Frames,
            ),
            flood(victim, reads, Box::new(many(frame(SETTINGS, 0, 0, &[])))),
            flood(
                victim,
                reads,
                Box::new(ends(open()).chain(many(frame(DATA, 0, 1, &[])))),
            ),
            flood(
                victim,
                reads,
                Box::new(ends(open()).chain(many(frame(DATA, 0, 1, b"x")))),
            ),
            flood(
                victim,
                reads,
                Box::new(ends(open()).chain(many(frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1])))),
            ),
            flood(
                victim,
                reads,
                Box::new(ends(frame(HEADERS, 0, 1, &head("Join"))).chain(many(frame(
                    CONTINUATION,
                    0,
                    1,
                    &field("x-more", "more"),
                )))),
            ),
        ])
        .await;
    }
    victim.assert_unharmed(40 * MIB).await;
}

type Frames = Box<dyn Iterator<Item = Vec<u8>>>;

#[tokio::test]
async fn a_thousand_calls_at_once_on_a_connection_are_all_answered() {
    let victim = Victim::start(2000).await;
    let channel = victim.channel(true);
    let calls = (0..1000).map(|n| {
        let mut channel = channel.clone();
        async move {
            let content_type = if n % 2 == 0 { BINARY } else { GRPC };
            let request = wire::request("Echo", content_type, [&message(&n.to_string())[..]]);
            let reply = Reply::collect(channel.call(request).await.unwrap())
                .await
                .unwrap();
            assert_eq!(reply.read().0[0].text, n.to_string());
        }
    });
    timeout(PATIENCE, join_all(calls)).await.unwrap();
    victim.assert_unharmed(20 * MIB).await;
}

#[tokio::test]
async fn calls_over_the_limit_are_refused_at_once_and_room_comes_back() {
    let victim = Victim::start(10).await;
    for round in 0..3 {
        let channel = victim.channel(true);
        let hanging: Vec<_> = (0..10)
            .map(|_| {
                let mut channel = channel.clone();
                tokio::spawn(async move {
                    // One whose place another call of the test has just then is refused, and tries again.
                    loop {
                        let mut request = wire::request("Echo", GRPC, [&message("a")[..]]);
                        let headers = request.headers_mut();
                        headers.insert("scenario", "hang".parse().unwrap());
                        drop(channel.call(request).await);
                    }
                })
            })
            .collect();
        let full = async { while victim.code_of_echo(true, GRPC).await == 0 {} };
        timeout(PATIENCE, full).await.unwrap();
        assert_eq!(victim.code_of_echo(false, BINARY).await, 8, "{round}");
        for call in hanging {
            call.abort();
        }
        let room = async { while victim.code_of_echo(true, GRPC).await == 8 {} };
        timeout(PATIENCE, room).await.unwrap();
    }
    victim.assert_unharmed(10 * MIB).await;
}
