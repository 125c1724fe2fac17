//! Many connections.

use std::time::Duration;

use calls::RawConnection;
use calls::wire::{BINARY, message};
use futures_util::future::join_all;
use tokio::time::timeout;

use crate::victim::{MIB, Victim, raise_limit_of_files};

/// What a head may take, and a connection without a request: 30 seconds.
const PATIENCE_FOR_HEADS: Duration = Duration::from_secs(40);

/// Files of each process that are not for these connections.
const OTHER_FILES: u64 = 500;

#[tokio::test]
async fn connections_without_a_whole_head_are_closed() {
    let victim = &Victim::start(1000).await;
    let head = RawConnection::head("Echo", BINARY, "");
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let settings = "\0\0\0\x04\0\0\0\0\0";
    let inputs = [
        "",
        "P",
        "PRI",
        &head[..10],
        head.trim_end(),
        preface,
        &[preface, settings].concat(),
    ];
    let connections = inputs
        .iter()
        .flat_map(|input| std::iter::repeat_n(input, 10));
    let ends = connections.map(|input| async move {
        let mut connection = victim.connect().await;
        connection.send(input).await;
        let ended = timeout(PATIENCE_FOR_HEADS, connection.read_to_end()).await;
        assert!(ended.is_ok(), "{input:?}");
    });
    join_all(ends).await;
    victim.assert_unharmed(10 * MIB).await;
}

#[tokio::test]
async fn ten_thousand_idle_connections_cost_little_and_others_are_served() {
    let victim = Victim::start(100).await;
    let files = raise_limit_of_files();
    let wanted = files.saturating_sub(OTHER_FILES).min(10_000);
    let body = message("abc");
    let length = format!("content-length: {}\r\n", body.len());
    let call = [
        RawConnection::head("Echo", BINARY, &length).as_bytes(),
        &body,
    ]
    .concat();
    let mut connections = Vec::new();
    for n in 0..wanted {
        let mut connection = victim.connect().await;
        // A few have made a call, and may make another.
        if n % 10 == 0 {
            connection.send(&call).await;
            assert_eq!(connection.response().await.code(), 0);
        }
        connections.push(connection);
    }
    victim.answers().await;
    for connection in connections.iter_mut().rev().take(100) {
        connection.send(&call).await;
        assert_eq!(connection.response().await.code(), 0);
    }
    println!("{wanted} connections, of a limit of {files} files");
    // 15 KiB for each.
    let limit = wanted * 15 * 1024 + 10 * MIB;
    victim.assert_unharmed(limit).await;
}
