//! Clients that send slowly, or stop.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use calls::RawConnection;
use calls::wire::{self, BINARY, GRPC, message};
use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use grpcweb_runtime::Body;
use http::Request;
use http_body::Frame;
use http_body_util::StreamBody;
use tokio::time::{Instant, timeout};

use crate::victim::{MIB, PATIENCE, Victim};

/// Most of a message byte by byte, with a pause before each, and then nothing.
fn trickling(method: &str, content_type: &str, pause: Duration) -> Request<Body> {
    let bytes = message(&"x".repeat(100));
    let trickle = stream::iter(bytes.into_iter().take(90)).then(move |byte| async move {
        tokio::time::sleep(pause).await;
        Ok::<_, Infallible>(Frame::data(Bytes::from(vec![byte])))
    });
    let mut request = wire::request(method, content_type, []);
    let body = StreamBody::new(trickle.chain(stream::pending()));
    *request.body_mut() = Body::new(body);
    request
}

#[tokio::test]
async fn a_message_that_takes_too_long_ends_the_call() {
    let victim = &Victim::start(1000).await;
    let mut calls = Vec::new();
    for (http2, content_type) in [(false, BINARY), (true, BINARY), (true, GRPC)] {
        for method in ["Echo", "Join"] {
            // At once and then nothing, or too slowly all the time.
            for pause in [Duration::ZERO, Duration::from_millis(50)] {
                for _ in 0..20 {
                    let request = trickling(method, content_type, pause);
                    calls.push(async move {
                        let start = Instant::now();
                        let code = victim.reply(http2, request).await.code();
                        assert_eq!(code, 4, "{method} {content_type} {pause:?}");
                        let taken = start.elapsed();
                        assert!(taken >= Duration::from_millis(900), "{taken:?}");
                    });
                }
            }
        }
    }
    join_all(calls).await;
    victim.assert_unharmed(30 * MIB).await;
}

#[tokio::test]
async fn half_closed_connections_are_answered_or_closed() {
    let victim = Victim::start(1000).await;
    let whole = message("abc");
    for method in ["Echo", "Repeat", "Join", "Chat"] {
        for sent in [whole.len(), 7, 2, 0] {
            for framing in ["content-length: 10\r\n", "transfer-encoding: chunked\r\n"] {
                let body = if framing.contains("chunked") {
                    [b"a\r\n", &whole[..sent]].concat()
                } else {
                    whole[..sent].to_vec()
                };
                for _ in 0..10 {
                    let mut connection = victim.connect().await;
                    let head = RawConnection::head(method, BINARY, framing);
                    connection.send([head.as_bytes(), &body].concat()).await;
                    connection.half_close().await;
                    let ended = timeout(PATIENCE, connection.read_to_end()).await;
                    assert!(ended.is_ok(), "{method} {framing} after {sent}");
                }
            }
        }
    }
    victim.assert_unharmed(20 * MIB).await;
}

#[tokio::test]
async fn tiny_pieces_for_a_handler_that_does_not_read_are_not_piled_up() {
    let victim = Victim::start(1000).await;
    let head = RawConnection::head(
        "Join",
        BINARY,
        "transfer-encoding: chunked\r\nscenario: hang\r\n",
    );
    let pieces = "1\r\nx\r\n".repeat(4_000_000);
    let mut connection = victim.connect().await;
    connection.send(head).await;
    // More than all the buffers on the way hold: the server stops reading at some time.
    let sent = timeout(Duration::from_secs(3), connection.try_send(pieces)).await;
    assert!(
        sent.is_err(),
        "the server took all, or closed the connection"
    );
    victim.assert_unharmed(2 * MIB).await;
}
