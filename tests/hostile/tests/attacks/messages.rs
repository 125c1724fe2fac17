//! Messages that are not what they say.

use calls::RawConnection;
use calls::wire::{self, BINARY, GRPC, TEXT, frame, message};

use tokio::time::timeout;

use crate::bombs::bombs;
use crate::victim::{MIB, PATIENCE, Victim};

/// Pseudo-random bytes, the same in every run.
struct Noise(u64);

impl Noise {
    fn bytes(&mut self, len: usize) -> Vec<u8> {
        let bytes = std::iter::repeat_with(|| {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0.to_le_bytes()[3]
        });
        bytes.take(len).collect()
    }
}

#[tokio::test]
async fn bytes_that_are_no_http_end_the_connection() {
    let victim = Victim::start(100).await;
    let mut noise = Noise(1);
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let head = RawConnection::head("Echo", BINARY, "");
    let head = head.trim_end();
    for round in 0..100 {
        let noise = noise.bytes(10 + round * 50);
        let inputs = [
            noise.clone(),
            [&preface[..], &noise].concat(),
            [head.as_bytes(), b"\r\n", &noise, b"\r\n\r\n"].concat(),
            [
                head.as_bytes(),
                b"\r\ncontent-length: ",
                &noise,
                b"\r\n\r\n",
            ]
            .concat(),
            [
                head.as_bytes(),
                b"\r\ntransfer-encoding: chunked\r\n\r\n",
                &noise,
            ]
            .concat(),
        ];
        for input in inputs {
            let mut connection = victim.connect().await;
            connection.try_send(&input).await;
            connection.half_close().await;
            let ended = timeout(PATIENCE, connection.read_to_end()).await;
            assert!(ended.is_ok(), "{input:?}");
        }
    }
    victim.assert_unharmed(20 * MIB).await;
}

#[tokio::test]
async fn heads_and_lengths_without_end_are_refused() {
    let victim = Victim::start(100).await;
    let length = "content-length: 18446744073709551615\r\n";
    let chunks = "transfer-encoding: chunked\r\n";
    let long = "x".repeat(10_000_000);
    let many: String = (0..10_000).map(|n| format!("x-{n}: y\r\n")).collect();
    let two = "content-length: 1\r\ncontent-length: 2\r\n";
    for more in [
        RawConnection::head("Echo", BINARY, length) + "\0\0\0\0\0",
        RawConnection::head("Join", BINARY, length) + "\0\0\0\0\0\x01",
        RawConnection::head(
            "Echo",
            BINARY,
            "content-length: 99999999999999999999999\r\n",
        ),
        RawConnection::head("Echo", BINARY, two) + "xx",
        RawConnection::head("Echo", BINARY, chunks) + "fffffffffffffffffff\r\n",
        RawConnection::head("Echo", BINARY, chunks) + "ffffffffffffffff\r\n\x02",
        RawConnection::head("Echo", BINARY, chunks) + "1;" + &long,
        RawConnection::head("Echo", BINARY, &format!("x-long: {long}\r\n")),
        RawConnection::head("Echo", BINARY, &many),
        format!("POST /{long} HTTP/1.1\r\n\r\n"),
    ] {
        let mut connection = victim.connect().await;
        connection.try_send(&more).await;
        connection.half_close().await;
        let ended = timeout(PATIENCE, connection.read_to_end()).await;
        assert!(ended.is_ok(), "{}", &more[..more.len().min(200)]);
    }
    victim.assert_unharmed(20 * MIB).await;
}

#[tokio::test]
async fn frames_that_lie_about_their_length_cost_nothing() {
    let victim = Victim::start(100).await;
    for _ in 0..20 {
        for (http2, content_type) in [(false, BINARY), (true, BINARY), (true, GRPC)] {
            for method in ["Echo", "Repeat", "Join", "Chat"] {
                for (body, code) in [
                    (&b"\0\xff\xff\xff\xff"[..], 8),
                    (b"\0\x00\x40\x00\x01", 8),
                    (b"\x80\xff\xff\xff\xff", 3),
                    (b"\0\x00\x40\x00\x00\x01", 3),
                    (b"\0\0\0", 3),
                ] {
                    let request = wire::request(method, content_type, [body]);
                    let reply = victim.reply(http2, request).await;
                    // Trailers over their own limit are refused as such.
                    let code_is_right =
                        reply.code() == code || (body[0] == 0x80 && reply.code() == 8);
                    assert!(code_is_right, "{method} {content_type} {body:?}: {reply:?}");
                }
            }
        }
    }
    victim.assert_unharmed(20 * MIB).await;
}

#[tokio::test]
async fn garbage_in_frames_gets_a_status() {
    let victim = Victim::start(100).await;
    let mut noise = Noise(2);
    for round in 0..100 {
        for (http2, content_type) in [(false, BINARY), (false, TEXT), (true, BINARY), (true, GRPC)]
        {
            let noise = noise.bytes(1 + round * 20);
            for body in [noise.clone(), frame(0, &noise), frame(1, &noise)] {
                for method in ["Echo", "Join"] {
                    let request = wire::request(method, content_type, [&body[..]]);
                    let code = victim.reply(http2, request).await.code();
                    assert!(matches!(code, 0 | 3 | 8 | 12 | 13), "{code}");
                }
            }
        }
    }
    victim.assert_unharmed(20 * MIB).await;
}

#[tokio::test]
async fn bombs_of_every_encoding_are_refused_at_the_limit() {
    let victim = Victim::start(100).await;
    for (encoding, bomb) in bombs() {
        let body = frame(1, &bomb);
        for (http2, content_type) in [(false, BINARY), (true, BINARY), (true, GRPC)] {
            for method in ["Echo", "Join"] {
                let chunks = body.chunks(16 * 1024);
                let mut request = wire::request(method, content_type, chunks);
                let headers = request.headers_mut();
                headers.insert("grpc-encoding", encoding.parse().unwrap());
                let reply = victim.reply(http2, request).await;
                assert_eq!(
                    reply.code(),
                    8,
                    "{encoding} of {} bytes: {reply:?}",
                    bomb.len()
                );
            }
        }
    }
    // The message as it came, and what was decompressed of it until it was too much, twice while it moves.
    victim.assert_unharmed(40 * MIB).await;
}

#[tokio::test]
async fn messages_in_text_mode_that_are_too_long_are_refused() {
    let victim = Victim::start(100).await;
    let long = "AAAAAAAA".repeat(10 * 1024 * 1024 / 8);
    for method in ["Echo", "Join"] {
        let chunks = long.as_bytes().chunks(16 * 1024);
        let request = wire::request(method, TEXT, chunks);
        let code = victim.reply(false, request).await.code();
        // Ten million bytes of empty messages: too many for one method, and fine for the other.
        assert_eq!(code, if method == "Echo" { 12 } else { 0 });
    }
    let over = message(&"x".repeat(4 * 1024 * 1024));
    for method in ["Echo", "Join"] {
        let request = wire::request(method, BINARY, over.chunks(16 * 1024));
        assert_eq!(victim.reply(false, request).await.code(), 8);
    }
    victim.assert_unharmed(20 * MIB).await;
}
