//! Many connections.

use calls::RawConnection;
use calls::wire::{BINARY, message};

use crate::victim::{MIB, Victim, raise_limit_of_files};

/// Files of each process that are not for these connections.
const OTHER_FILES: u64 = 500;

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
