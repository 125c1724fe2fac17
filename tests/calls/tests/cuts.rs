//! Every request over real connections, cut at every position: the answer is always the same.
//!
//! In process: `requests.rs`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calls::proto::calls::Note;
use calls::wire::{self, BINARY, GRPC, Reply, TEXT, bodies, message};
use calls::{MyNotes, RawConnection, Server, note};
use grpcweb_runtime::Channel;
use tower_service::Service as _;

/// What an answer comes to.
type Outcome = (Vec<Note>, String);

/// The ways to cut a body: at each position, and into single bytes.
fn cuts(body: &[u8]) -> impl Iterator<Item = Vec<&[u8]>> {
    let halves = (0..=body.len()).map(|cut| vec![&body[..cut], &body[cut..]]);
    halves.chain([body.chunks(1).collect()])
}

/// A body in base64: padded at the end, padded in the middle too, and with something else after it.
fn texts(body: &[u8]) -> [Vec<u8>; 3] {
    let text = STANDARD.encode(body);
    let (head, tail) = body.split_at(body.len() / 2);
    [
        text.clone(),
        STANDARD.encode(head) + &STANDARD.encode(tail),
        text + "!!!!",
    ]
    .map(String::into_bytes)
}

/// Lets the server, which runs on the same thread, read what was sent.
async fn let_the_server_read() {
    for _ in 0..4 {
        tokio::task::yield_now().await;
    }
}

/// On one thread that looks for input between any two steps of a task, so that pieces are read one by
/// one.
fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .event_interval(1)
        .build()
        .unwrap()
        .block_on(test);
}

async fn over_channel(
    channel: &Channel,
    method: &str,
    content_type: &str,
    chunks: Vec<&[u8]>,
) -> Outcome {
    let request = wire::request(method, content_type, chunks);
    let response = channel.clone().call(request).await.unwrap();
    Reply::collect(response).await.unwrap().read()
}

async fn every_cut_over_a_channel(server: &Server, http2: bool, content_type: &str) {
    for (method, body) in bodies() {
        // HTTP/2 servers end connections with too many empty DATA frames, so each body has its own.
        let channel = &server.channel(http2);
        let bodies = match content_type {
            TEXT => texts(&body).to_vec(),
            _ => vec![body],
        };
        for body in bodies {
            let whole = over_channel(channel, method, content_type, vec![&body]).await;
            for chunks in cuts(&body) {
                let sizes: Vec<_> = chunks.iter().map(|chunk| chunk.len()).collect();
                let outcome = over_channel(channel, method, content_type, chunks).await;
                assert_eq!(outcome, whole, "{method} {body:?} in chunks of {sizes:?}");
            }
        }
    }
}

/// Known mistake 15.
#[test]
fn every_cut_in_chunks_over_http1_gives_the_same_answer() {
    run(async {
        let server = Server::start(MyNotes::default()).await;
        for content_type in [BINARY, TEXT] {
            every_cut_over_a_channel(&server, false, content_type).await;
        }
    });
}

#[test]
fn every_cut_in_data_frames_over_http2_gives_the_same_answer() {
    run(async {
        let server = Server::start(MyNotes::default()).await;
        for content_type in [BINARY, TEXT, GRPC] {
            every_cut_over_a_channel(&server, true, content_type).await;
        }
    });
}

#[test]
fn every_cut_of_a_body_with_a_length_over_http1_gives_the_same_answer() {
    run(async {
        let server = Server::start(MyNotes::default()).await;
        let mut connection = RawConnection::open(&server.address).await;
        for (method, body) in bodies() {
            let text = texts(&body).map(|body| (TEXT, body));
            for (content_type, body) in [(BINARY, body)].into_iter().chain(text) {
                let length = format!("content-length: {}\r\n", body.len());
                let head = RawConnection::head(method, content_type, &length);
                connection.send([head.as_bytes(), &body].concat()).await;
                let whole = connection.response().await.read();
                for chunks in cuts(&body) {
                    let sizes: Vec<_> = chunks.iter().map(|chunk| chunk.len()).collect();
                    connection.send(&head).await;
                    for chunk in chunks {
                        let_the_server_read().await;
                        connection.send(chunk).await;
                    }
                    let outcome = connection.response().await.read();
                    assert_eq!(outcome, whole, "{method} {body:?} in pieces of {sizes:?}");
                }
            }
        }
    });
}

#[test]
fn every_cut_of_the_head_over_http1_gives_the_same_answer() {
    run(async {
        let server = Server::start(MyNotes::default()).await;
        let mut connection = RawConnection::open(&server.address).await;
        let body = message("abc");
        let length = format!("content-length: {}\r\n", body.len());
        let head = RawConnection::head("Echo", BINARY, &length);
        let whole = [head.as_bytes(), &body].concat();
        for cut in 1..whole.len() {
            connection.send(&whole[..cut]).await;
            let_the_server_read().await;
            connection.send(&whole[cut..]).await;
            let (messages, trailers) = connection.response().await.read();
            assert_eq!(messages, [note("abc")], "cut at {cut}");
            assert_eq!(trailers, "grpc-status:0\r\n", "cut at {cut}");
        }
    });
}
