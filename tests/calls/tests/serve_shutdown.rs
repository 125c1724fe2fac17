//! The order in which a server ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use calls::proto::calls::Note;
use calls::proto::calls::notes_client::NotesClient;
use calls::proto::calls::notes_server::NotesServer;
use calls::wire::{BINARY, message};
use calls::{MyNotes, RawConnection, note};
use grpcweb_runtime::client::Client;
use grpcweb_runtime::server::Serve;
use grpcweb_runtime::{CancelReason, Channel, Code, Protocol, Request, Router, Status};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long anything may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// Longer than any test.
const FOR_EVER: Duration = Duration::from_secs(3600);

/// Each protocol over each version of HTTP that has it.
const WAYS: [(bool, Protocol); 5] = [
    (false, Protocol::GrpcWeb),
    (false, Protocol::GrpcWebText),
    (true, Protocol::GrpcWeb),
    (true, Protocol::GrpcWebText),
    (true, Protocol::Grpc),
];

struct Ending {
    notes: MyNotes,
    address: String,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Ending {
    async fn start(
        settings: impl FnOnce(Serve<TcpListener, Router>) -> Serve<TcpListener, Router>,
    ) -> Self {
        let notes = MyNotes::default();
        let router = Router::new().add_service(NotesServer::new(notes.clone()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = grpcweb_runtime::serve(listener, router)
            .with_graceful_shutdown(async { stopped.await.unwrap_or_default() });
        let server = tokio::spawn(settings(server).into_future());
        Self {
            notes,
            address,
            stop,
            server,
        }
    }

    fn client(&self, (http2, protocol): (bool, Protocol)) -> NotesClient<Channel> {
        let builder = Channel::builder();
        let builder = if http2 {
            builder.http2_prior_knowledge()
        } else {
            builder
        };
        let channel = builder.build(&format!("http://{}", self.address)).unwrap();
        NotesClient::from(Client::new(channel).protocol(protocol))
    }

    async fn waits(&self) {
        timeout(PATIENCE, self.notes.waits.notified())
            .await
            .unwrap();
    }
}

async fn ended(server: JoinHandle<std::io::Result<()>>) {
    timeout(PATIENCE, server).await.unwrap().unwrap().unwrap();
}

fn scenario<T>(name: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("scenario", name).unwrap();
    request
}

fn two_notes() -> Note {
    Note {
        count: 2,
        ..note("a")
    }
}

fn assert_shut_down(status: &Status, way: (bool, Protocol)) {
    assert_eq!(status.code(), Code::Unavailable, "{way:?}: {status}");
    let message = status.message();
    assert_eq!(message, "the server is shutting down", "{way:?}");
}

#[tokio::test]
async fn hooks_run_in_order_while_calls_are_still_taken_for_the_time_of_the_delay() {
    let order = Arc::new(AtomicUsize::new(0));
    let (first, second) = (Arc::clone(&order), Arc::clone(&order));
    let (told, tell) = oneshot::channel();
    let server = Ending::start(|server| {
        server
            .drain_delay(Duration::from_secs(2))
            .on_shutdown(move || assert_eq!(first.fetch_add(1, Ordering::SeqCst), 0))
            .on_shutdown(move || {
                assert_eq!(second.fetch_add(1, Ordering::SeqCst), 1);
                told.send(()).unwrap();
            })
    })
    .await;
    let client = server.client(WAYS[0]);
    assert_eq!(order.load(Ordering::SeqCst), 0);
    server.stop.send(()).unwrap();
    timeout(PATIENCE, tell).await.unwrap().unwrap();
    assert!(client.echo(note("a")).await.is_ok());
    ended(server.server).await;
    let refused = TcpStream::connect(&server.address).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn the_listener_is_closed_before_calls_are_told() {
    let server = Ending::start(|server| server).await;
    let client = server.client(WAYS[0]);
    let call = tokio::spawn(client.echo(scenario("leave-behind-and-hang", note("a"))));
    server.waits().await;
    server.stop.send(()).unwrap();
    let reason = timeout(PATIENCE, server.notes.reason()).await.unwrap();
    assert_eq!(reason, CancelReason::Shutdown);
    let refused = TcpStream::connect(&server.address).await;
    assert!(refused.is_err());
    call.abort();
    ended(server.server).await;
}

#[tokio::test]
async fn calls_that_are_running_end_by_themselves() {
    for way in WAYS {
        let server = Ending::start(|server| server.grace_period(FOR_EVER)).await;
        let client = server.client(way);
        let stream = client.repeat(scenario("wait-after-each", two_notes()));
        let mut stream = stream.await.unwrap().into_inner();
        assert!(stream.message().await.unwrap().is_some(), "{way:?}");
        let unary = tokio::spawn(client.echo(note("wait")));
        server.waits().await;
        server.stop.send(()).unwrap();
        server.notes.go_on.notify_one();
        // Whichever was let go first, the other is next.
        while server.notes.live.load(Ordering::SeqCst) == 2 {
            timeout(PATIENCE, server.notes.dropped.notified())
                .await
                .unwrap();
        }
        server.notes.go_on.notify_one();
        let unary = timeout(PATIENCE, unary).await.unwrap().unwrap().unwrap();
        assert_eq!(unary.get_ref().text, "wait", "{way:?}");
        assert!(stream.message().await.unwrap().is_some(), "{way:?}");
        assert_eq!(stream.message().await.unwrap(), None, "{way:?}");
        ended(server.server).await;
    }
}

#[tokio::test]
async fn calls_that_outlast_the_grace_period_are_unavailable_and_connections_are_closed() {
    for way in WAYS {
        let server = Ending::start(|server| server.grace_period(Duration::from_millis(50))).await;
        let mut idle = RawConnection::open(&server.address).await;
        let client = server.client(way);
        let stream = client.repeat(scenario("wait-after-each", two_notes()));
        let mut stream = stream.await.unwrap().into_inner();
        assert!(stream.message().await.unwrap().is_some(), "{way:?}");
        let unary = tokio::spawn(client.echo(note("wait")));
        server.waits().await;
        server.stop.send(()).unwrap();
        let status = timeout(PATIENCE, stream.message()).await.unwrap();
        assert_shut_down(&status.unwrap_err(), way);
        let status = timeout(PATIENCE, unary).await.unwrap().unwrap();
        assert_shut_down(&status.unwrap_err(), way);
        ended(server.server).await;
        assert!(idle.ends().await);
        assert_eq!(server.notes.live.load(Ordering::SeqCst), 0, "{way:?}");
    }
}

#[tokio::test]
async fn a_request_that_does_not_come_to_its_end_holds_nothing_up() {
    let server = Ending::start(|server| server.grace_period(Duration::from_millis(50))).await;
    let mut slow = RawConnection::open(&server.address).await;
    let head = RawConnection::head("Echo", "application/grpc-web", "content-length: 100\r\n");
    slow.send(head).await;
    slow.send("\0\0").await;
    // Answered on another connection, it has come to the server after the first.
    let client = server.client(WAYS[0]);
    assert!(client.echo(note("a")).await.is_ok());
    server.stop.send(()).unwrap();
    ended(server.server).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_nothing_up() {
    let server = Ending::start(|server| server.grace_period(Duration::from_millis(50))).await;
    let mut deaf = RawConnection::open(&server.address).await;
    let more = "scenario: for-ever\r\ncontent-length: 5\r\n";
    let head = RawConnection::head("Repeat", "application/grpc-web", more);
    deaf.send(head).await;
    deaf.send("\0\0\0\0\0").await;
    assert!(deaf.starts().await);
    server.stop.send(()).unwrap();
    ended(server.server).await;
    assert_eq!(server.notes.live.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_cuts_the_grace_period_short_ends_calls_at_once() {
    let (hurry, hurried) = oneshot::channel::<()>();
    let server = Ending::start(|server| {
        server
            .drain_delay(FOR_EVER)
            .grace_period(FOR_EVER)
            .cut_grace_short(async { hurried.await.unwrap_or_default() })
    })
    .await;
    let client = server.client(WAYS[4]);
    let unary = tokio::spawn(client.echo(note("wait")));
    server.waits().await;
    server.stop.send(()).unwrap();
    assert!(TcpStream::connect(&server.address).await.is_ok());
    hurry.send(()).unwrap();
    let status = timeout(PATIENCE, unary).await.unwrap().unwrap();
    assert_shut_down(&status.unwrap_err(), WAYS[4]);
    ended(server.server).await;
}

/// A proxy that has sent a call must not send it again when the connection is closed without an answer.
#[tokio::test(start_paused = true)]
async fn a_connection_that_the_server_no_longer_wants_takes_one_more_call() {
    let server = Ending::start(|server| server).await;
    let body = message("a");
    let head = RawConnection::head(
        "Echo",
        BINARY,
        &format!("content-length: {}\r\n", body.len()),
    );
    let call = [head.as_bytes(), &body].concat();
    let mut kept = RawConnection::open(&server.address).await;
    kept.send(&call).await;
    assert_eq!(kept.response().await.code(), 0);
    let mut new = RawConnection::open(&server.address).await;
    // While there is something to do, the clock stands still.
    let busy = tokio::spawn(async {
        loop {
            tokio::task::yield_now().await;
        }
    });
    server.stop.send(()).unwrap();
    while TcpStream::connect(&server.address).await.is_ok() {
        tokio::time::advance(Duration::from_millis(5)).await;
    }
    for connection in [&mut kept, &mut new] {
        connection.send(&call).await;
        let reply = connection.response().await;
        assert_eq!(reply.code(), 0);
        assert_eq!(reply.header("connection"), "close");
        assert!(connection.ends().await);
    }
    busy.abort();
    ended(server.server).await;
}

/// Its request goes on when the grace period ends, over HTTP/1.1.
async fn assert_upload_is_told(method: &str, more: &str, code: Code) {
    let server = Ending::start(|server| server.grace_period(Duration::from_millis(50))).await;
    let socket = TcpStream::connect(&server.address).await.unwrap();
    let (mut reader, mut writer) = socket.into_split();
    let more = format!("transfer-encoding: chunked\r\n{more}");
    let head = RawConnection::head(method, BINARY, &more);
    writer.write_all(head.as_bytes()).await.unwrap();
    let (running, mut runs) = tokio::sync::mpsc::channel(1);
    let upload = tokio::spawn(async move {
        let mut pause = tokio::time::interval(Duration::from_millis(20));
        let empty_message = b"5\r\n\0\0\0\0\0\r\n";
        while writer.write_all(empty_message).await.is_ok() {
            let _ = running.try_send(());
            pause.tick().await;
        }
    });
    runs.recv().await.unwrap();
    // Answered on another connection, it has come to the server after the first.
    assert!(server.client(WAYS[0]).echo(note("a")).await.is_ok());
    server.stop.send(()).unwrap();
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, reader.read_to_end(&mut answer)).await;
    let answer = String::from_utf8_lossy(&answer);
    let status = format!("grpc-status:{}", i32::from(code));
    assert!(answer.contains(&status), "{method}, {read:?}: {answer}");
    assert!(answer.contains("connection: close"), "{method}: {answer}");
    ended(server.server).await;
    upload.abort();
}

#[tokio::test]
async fn an_upload_over_http1_that_goes_on_is_told_that_the_server_ended_it() {
    assert_upload_is_told("Join", "", Code::Unavailable).await;
}

#[tokio::test]
async fn a_call_that_was_answered_before_its_upload_ended_gets_its_answer() {
    assert_upload_is_told("Missing", "", Code::Unimplemented).await;
    assert_upload_is_told("Join", "scenario: panic\r\n", Code::Internal).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_at_the_listener_is_taken() {
    let body = message("a");
    let length = format!("content-length: {}\r\n", body.len());
    let head = RawConnection::head("Echo", BINARY, &length);
    let call = [head.as_bytes(), &body].concat();
    for _ in 0..30 {
        let server = Ending::start(|server| server).await;
        // The server runs: what comes now is accepted by a task that has waited before.
        assert!(server.client(WAYS[0]).echo(note("a")).await.is_ok());
        let mut socket = std::net::TcpStream::connect(&server.address).unwrap();
        std::io::Write::write_all(&mut socket, &call).unwrap();
        server.stop.send(()).unwrap();
        socket.set_nonblocking(true).unwrap();
        let mut socket = TcpStream::from_std(socket).unwrap();
        let mut answer = [0; 15];
        let read = timeout(PATIENCE, socket.read_exact(&mut answer)).await;
        read.unwrap().unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200 OK");
        server.server.abort();
    }
}

#[tokio::test]
async fn no_more_connections_are_taken_at_the_end_than_at_any_time() {
    let server = Ending::start(|server| server.max_connections(1)).await;
    let client = server.client(WAYS[0]);
    assert!(client.echo(note("a")).await.is_ok());
    let mut waiting = TcpStream::connect(&server.address).await.unwrap();
    let head = RawConnection::head("Echo", BINARY, "content-length: 0\r\n");
    waiting.write_all(head.as_bytes()).await.unwrap();
    server.stop.send(()).unwrap();
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, waiting.read_to_end(&mut answer)).await;
    // It is reset, or closed.
    let _ = read.unwrap();
    assert!(answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
    ended(server.server).await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_without_calls_does_not_hold_up_the_end() {
    let server = Ending::start(|server| server.grace_period(FOR_EVER)).await;
    let mut silent = TcpStream::connect(&server.address).await.unwrap();
    let greeting = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    silent.write_all(greeting).await.unwrap();
    silent.read_exact(&mut [0; 9]).await.unwrap();
    server.stop.send(()).unwrap();
    ended(server.server).await;
}

#[tokio::test]
async fn a_hook_that_panics_takes_nothing_with_it() {
    let (told, tell) = oneshot::channel();
    let server = Ending::start(|server| {
        server
            .on_shutdown(|| panic!("a hook of the test"))
            .on_shutdown(|| told.send(()).unwrap())
    })
    .await;
    let call = tokio::spawn(server.client(WAYS[4]).echo(note("wait")));
    server.waits().await;
    server.stop.send(()).unwrap();
    timeout(PATIENCE, tell).await.unwrap().unwrap();
    server.notes.go_on.notify_one();
    assert!(timeout(PATIENCE, call).await.unwrap().unwrap().is_ok());
    ended(server.server).await;
}
