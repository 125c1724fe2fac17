//! What the servers of the benchmark share: how they start, and how their allocations are counted.

mod allocations;

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use tokio::runtime;

pub use allocations::{count_from_here, count_if_asked, so_far as allocated};

/// Runs a server on one worker thread, on a port of its own. Prints two ports: that of the server, and one
/// where whoever connects is told how much was allocated so far, which is counted where the environment has
/// `BENCH_COUNT=1`.
///
/// # Errors
///
/// Where there is no port, and where the server fails.
pub fn serve<F>(server: impl FnOnce(tokio::net::TcpListener) -> F) -> io::Result<()>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    count_if_asked();
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    listener.set_nonblocking(true)?;
    let counts = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("{port} {}", counts.local_addr()?.port());
    thread::spawn(move || tell(&counts));
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        tokio::spawn(server(listener)).await?
    })
}

fn tell(counts: &TcpListener) {
    for connection in counts.incoming() {
        let (count, bytes) = allocations::so_far();
        if let Ok(mut connection) = connection {
            // Who does not wait for the answer does not want it.
            let _ = writeln!(connection, "{count} {bytes}");
        }
    }
}
