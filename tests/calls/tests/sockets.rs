//! What only shows over a real connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use calls::proto::calls::Note;
use calls::proto::calls::notes_client::NotesClient;
use calls::{MyNotes, Server, note, over};
use grpcweb_runtime::{Channel, Code, Request, Streaming};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

/// A request for a stream that waits before each message but the first.
fn waiting(count: u32) -> Request<Note> {
    let mut request = Request::new(Note { count, ..note("a") });
    request
        .metadata_mut()
        .insert("scenario", "wait-after-each")
        .unwrap();
    request
}

#[tokio::test]
async fn each_message_of_a_stream_arrives_while_the_handler_still_runs() {
    let notes = MyNotes::default();
    let (_server, clients) = over(&notes).await;
    for (name, client) in clients {
        let mut stream = client.repeat(waiting(3)).await.unwrap().into_inner();
        for count in 1..=3 {
            let message = timeout(PATIENCE, stream.message())
                .await
                .expect(name)
                .unwrap();
            assert_eq!(message.unwrap().count, count, "{name}");
            if count < 3 {
                assert_eq!(notes.live.load(Ordering::SeqCst), 1, "{name}");
                notes.go_on.notify_one();
            }
        }
        assert_eq!(stream.message().await.unwrap(), None, "{name}");
    }
}

/// Known mistake 49.
#[tokio::test]
async fn a_stream_that_the_client_drops_is_dropped_on_the_server() {
    let notes = MyNotes::default();
    let (_server, clients) = over(&notes).await;
    for (name, client) in clients {
        let mut stream = client.repeat(waiting(3)).await.unwrap().into_inner();
        assert!(stream.message().await.unwrap().is_some(), "{name}");
        assert_eq!(notes.live.load(Ordering::SeqCst), 1, "{name}");
        drop(stream);
        timeout(PATIENCE, notes.dropped.notified())
            .await
            .expect(name);
        assert_eq!(notes.live.load(Ordering::SeqCst), 0, "{name}");
    }
}

#[tokio::test]
async fn a_unary_answer_is_one_response_with_a_content_length() {
    let server = Server::start(MyNotes::default()).await;
    let mut connection = TcpStream::connect(&server.address).await.unwrap();
    let body = b"\0\0\0\0\x05\x0a\x03abc";
    let head = format!(
        "POST /calls.Notes/Echo HTTP/1.1\r\nhost: {}\r\ncontent-type: application/grpc-web+proto\r\n\
         content-length: {}\r\n\r\n",
        server.address,
        body.len()
    );
    connection
        .write_all(&[head.as_bytes(), body].concat())
        .await
        .unwrap();

    let expected = b"\0\0\0\0\x05\x0a\x03abc\x80\0\0\0\x0fgrpc-status:0\r\n";
    let mut received = Vec::new();
    while !received.ends_with(expected) {
        let mut chunk = [0; 1024];
        let read = timeout(PATIENCE, connection.read(&mut chunk))
            .await
            .unwrap()
            .unwrap();
        assert_ne!(read, 0, "{:?}", String::from_utf8_lossy(&received));
        received.extend_from_slice(&chunk[..read]);
    }
    let head = String::from_utf8_lossy(&received[..received.len() - expected.len()]);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(
        head.contains(&format!("content-length: {}\r\n", expected.len())),
        "{head}"
    );
    assert!(!head.contains("transfer-encoding"), "{head}");
}

#[tokio::test]
async fn calls_one_after_another_share_connections_and_streams_give_theirs_back() {
    let server = Server::start(MyNotes::default()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let front = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let forward = tokio::spawn({
        let (back, connections) = (server.address.clone(), Arc::clone(&connections));
        async move {
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                connections.fetch_add(1, Ordering::SeqCst);
                let mut server = TcpStream::connect(&back).await.unwrap();
                tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
            }
        }
    });

    let client = NotesClient::new(Channel::new(&format!("http://{front}")).unwrap());
    for _ in 0..10 {
        client.echo(note("a")).await.unwrap();
        client.echo(note("fail")).await.unwrap_err();
        let request = Note {
            count: 3,
            ..note("a")
        };
        let mut stream = client.repeat(request).await.unwrap().into_inner();
        while stream.message().await.unwrap().is_some() {}
    }
    // A call that follows at once may find the connection not yet back in the pool, which then holds
    // two or three; a connection lost with each stream would make it more than ten.
    let connections = connections.load(Ordering::SeqCst);
    assert!(
        (1..=4).contains(&connections),
        "{connections} connections for 30 calls"
    );
    forward.abort();
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_with_its_address_and_the_reason() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let client = NotesClient::new(Channel::new(&format!("http://{address}")).unwrap());
    let status = client.echo(note("a")).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    for part in [&address[..], "refused"] {
        assert!(status.message().contains(part), "{status}");
    }
}

#[tokio::test]
async fn a_shutdown_lets_the_running_call_end_and_takes_no_other() {
    let notes = MyNotes::default();
    let router = grpcweb_runtime::Router::new().add_service(
        calls::proto::calls::notes_server::NotesServer::new(notes.clone()),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(async move {
        let stopped = async { stopped.await.unwrap_or_default() };
        grpcweb_runtime::serve(listener, router)
            .with_graceful_shutdown(stopped)
            .await
    });

    let client = NotesClient::new(Channel::new(&url).unwrap());
    let mut stream = client.repeat(waiting(2)).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    stop.send(()).unwrap();
    notes.go_on.notify_one();
    assert!(stream.message().await.unwrap().is_some());
    assert_eq!(stream.message().await.unwrap(), None);
    timeout(PATIENCE, server).await.unwrap().unwrap().unwrap();

    let late = client.echo(note("late")).await.unwrap_err();
    assert_eq!(late.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_server_that_is_dropped_closes_its_connections() {
    let notes = MyNotes::default();
    let server = Server::start(notes.clone()).await;
    let client = NotesClient::new(server.channel(false));
    let mut stream = client.repeat(waiting(2)).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    drop(server);
    let status = timeout(PATIENCE, stream.message())
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
}

/// A message that is longer than the server takes.
fn too_long() -> Note {
    note("x".repeat(5 * 1024 * 1024))
}

/// Known mistake 43.
#[tokio::test]
async fn a_refusal_arrives_though_the_client_is_still_sending() {
    let (_server, clients) = over(&MyNotes::default()).await;
    for (name, client) in clients {
        for _ in 0..5 {
            let status = client.echo(too_long()).await.unwrap_err();
            assert_eq!(status.code(), Code::ResourceExhausted, "{name}: {status}");

            let notes = std::iter::repeat_with(too_long).take(3);
            let status = client.join(Streaming::from_iter(notes)).await.unwrap_err();
            assert_eq!(status.code(), Code::ResourceExhausted, "{name}: {status}");
        }
    }
}

/// Known mistake 43.
#[tokio::test]
async fn a_connection_is_good_for_another_call_after_an_early_answer() {
    let server = Server::start(MyNotes::default()).await;
    let mut connection = TcpStream::connect(&server.address).await.unwrap();
    for (path, content_type, answer) in [
        (
            "/calls.Notes/Nothing",
            "application/grpc-web",
            "grpc-status:12",
        ),
        (
            "/other.Service/Echo",
            "application/grpc-web",
            "grpc-status:12",
        ),
        (
            "/calls.Notes/Echo",
            "application/grpc-web+json",
            "grpc-status:12",
        ),
        ("/calls.Notes/Echo", "text/plain", "415"),
        ("/elsewhere", "text/plain", "404"),
    ] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: {content_type}\r\n\
             content-length: 20\r\n\r\n"
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all(&[b'x'; 20]).await.unwrap();
        let mut received = String::new();
        while !(received.contains(answer) && received.contains("\r\n\r\n")) {
            let mut chunk = [0; 1024];
            let read = timeout(PATIENCE, connection.read(&mut chunk))
                .await
                .unwrap()
                .unwrap();
            assert_ne!(read, 0, "{path}: {received}");
            received.push_str(&String::from_utf8_lossy(&chunk[..read]));
        }
        assert!(
            !received.contains("connection: close"),
            "{path}: {received}"
        );
    }
}

/// Known mistake 43.
#[tokio::test]
async fn a_connection_that_is_given_up_says_so() {
    let server = Server::start(MyNotes::default()).await;
    for (method, timeout_in_ms, code) in [
        ("Nothing", 60_000, Code::Unimplemented),
        ("Echo", 10, Code::DeadlineExceeded),
        ("Repeat", 10, Code::DeadlineExceeded),
        ("Join", 10, Code::DeadlineExceeded),
    ] {
        let mut connection = TcpStream::connect(&server.address).await.unwrap();
        let head = format!(
            "POST /calls.Notes/{method} HTTP/1.1\r\nhost: a\r\ncontent-type: application/grpc-web\r\n\
             content-length: 100000000\r\ngrpc-timeout: {timeout_in_ms}m\r\n\r\n"
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        // A message begins, and does not go on.
        connection.write_all(&[0, 0, 1, 0, 0, 1]).await.unwrap();
        let mut received = Vec::new();
        timeout(PATIENCE, connection.read_to_end(&mut received))
            .await
            .unwrap()
            .unwrap();
        let received = String::from_utf8_lossy(&received);
        let status = format!("grpc-status:{}", i32::from(code));
        assert!(received.contains(&status), "{method}: {received}");
        assert!(
            received.contains("connection: close"),
            "{method}: {received}"
        );
    }
}

#[tokio::test]
async fn messages_that_are_always_there_let_other_tasks_run() {
    let client = NotesClient::new(calls::proto::calls::notes_server::NotesServer::new(
        MyNotes::default(),
    ));
    let request = Note {
        count: u32::MAX,
        ..note("")
    };
    let mut stream = client.repeat(request).await.unwrap().into_inner();
    let forever = async { while stream.message().await.unwrap().is_some() {} };
    let result = timeout(Duration::from_millis(200), forever);
    assert!(timeout(PATIENCE, result).await.unwrap().is_err());
}
