//! The server that the tests of this crate attack: it has a process of its own, so that its memory can be
//! measured.
//!
//! Its argument is how many calls may run at once. It writes its address on a line, and ends when its
//! standard input does.

use std::error::Error;
use std::time::Duration;

use calls::MyNotes;
use calls::proto::calls::notes_server::NotesServer;
use grpcweb_runtime::{CompressionEncoding, Router, ServerOptions};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let calls = std::env::args().nth(1).ok_or("how many calls at once?")?;
    let options = ServerOptions::new()
        .max_concurrent_calls(calls.parse()?)
        .receive_timeout(Duration::from_secs(1))
        .accept_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Deflate)
        .accept_compressed(CompressionEncoding::Zstd)
        .accept_compressed(CompressionEncoding::Brotli)
        .accept_compressed(CompressionEncoding::Snappy);
    let router = Router::new()
        .add_service(NotesServer::new(MyNotes::default()))
        .with_options(options);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    tokio::select! {
        served = grpcweb_runtime::serve(listener, router) => served?,
        ended = async { tokio::io::stdin().read(&mut [0]).await } => {
            ended?;
        }
    }
    // Reading the standard input blocks a thread that the runtime would wait for.
    std::process::exit(0)
}
