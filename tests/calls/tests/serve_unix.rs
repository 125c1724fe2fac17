//! A server on a Unix socket, and on connections of another kind.
#![cfg(unix)]

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use calls::MyNotes;
use calls::proto::calls::notes_server::NotesServer;
use grpcweb_runtime::Router;
use grpcweb_runtime::server::{Listener, bind_unix};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// How long anything may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

const REQUEST: &[u8] = b"POST /calls.Notes/Echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\
    content-type: application/grpc-web\r\ncontent-length: 5\r\n\r\n\0\0\0\0\0";

fn router() -> Router {
    Router::new().add_service(NotesServer::new(MyNotes::default()))
}

async fn assert_served(mut connection: impl AsyncRead + AsyncWrite + Unpin) {
    connection.write_all(REQUEST).await.unwrap();
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, connection.read_to_end(&mut answer)).await;
    read.unwrap().unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.contains("grpc-status:0"), "{answer}");
}

#[tokio::test]
async fn a_unix_socket_is_served_and_its_file_is_taken_over_from_an_earlier_run() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    for _ in 0..2 {
        let listener = bind_unix(&path).await.unwrap();
        let taken = bind_unix(&path).await.unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
        let taken = taken.to_string();
        assert!(taken.contains("another program listens there"), "{taken}");
        let server = grpcweb_runtime::serve(listener, router()).into_future();
        let server = tokio::spawn(server);
        assert_served(UnixStream::connect(&path).await.unwrap()).await;
        server.abort();
        assert!(server.await.unwrap_err().is_cancelled());
        assert!(path.exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_at_the_listener_is_taken() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    for _ in 0..100 {
        let listener = bind_unix(&path).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = grpcweb_runtime::serve(listener, router())
            .with_graceful_shutdown(async { stopped.await.unwrap_or_default() });
        let server = tokio::spawn(server.into_future());
        // The server runs: what comes now is accepted by a task that has waited before.
        assert_served(UnixStream::connect(&path).await.unwrap()).await;
        let socket = std::os::unix::net::UnixStream::connect(&path).unwrap();
        io::Write::write_all(&mut &socket, REQUEST).unwrap();
        stop.send(()).unwrap();
        socket.set_nonblocking(true).unwrap();
        let mut socket = UnixStream::from_std(socket).unwrap();
        let mut answer = [0; 15];
        let read = timeout(PATIENCE, socket.read_exact(&mut answer)).await;
        read.unwrap().unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200 OK");
        server.abort();
        assert!(server.await.unwrap_err().is_cancelled());
    }
}

#[tokio::test]
async fn a_file_that_is_no_socket_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    std::fs::write(&path, "precious").unwrap();
    let error = bind_unix(&path).await.unwrap_err().to_string();
    assert!(error.contains("a file of another kind"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    let nowhere = bind_unix(directory.path().join("no/socket")).await;
    let error = nowhere.unwrap_err().to_string();
    assert!(error.contains("make its directory first"), "{error}");
}

/// Connections that a test makes; the first comes after an error.
struct InMemory {
    connections: mpsc::Receiver<DuplexStream>,
    has_failed: bool,
}

impl Listener for InMemory {
    type Io = DuplexStream;

    async fn accept(&mut self) -> io::Result<(DuplexStream, Option<SocketAddr>)> {
        if !std::mem::replace(&mut self.has_failed, true) {
            return Err(io::Error::other("not yet"));
        }
        match self.connections.recv().await {
            Some(connection) => Ok((connection, None)),
            None => std::future::pending().await,
        }
    }
}

#[tokio::test]
async fn connections_of_any_kind_are_served_and_an_error_is_not_the_end() {
    let (connect, connections) = mpsc::channel(1);
    let listener = InMemory {
        connections,
        has_failed: false,
    };
    let server = tokio::spawn(grpcweb_runtime::serve(listener, router()).into_future());
    for _ in 0..2 {
        let (ours, theirs) = tokio::io::duplex(1024);
        connect.send(theirs).await.unwrap();
        assert_served(ours).await;
    }
    server.abort();
}
