//! What happens to a call that nobody waits for, and to one that panics.

use std::sync::atomic::Ordering;
use std::time::Duration;

use calls::proto::calls::Note;
use calls::proto::calls::notes_client::NotesClient;
use calls::proto::calls::notes_server::NotesServer;
use calls::{MyNotes, Server, note, over, over_with_header};
use futures_util::{StreamExt as _, stream};
use grpcweb_runtime::{CancelReason, Code, Request, Router, ServerOptions, Streaming};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

fn scenario<T>(scenario: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let metadata = request.metadata_mut();
    metadata.insert("scenario", scenario).unwrap();
    request
}

/// Waits until the one handler that is alive is dropped.
async fn dropped(notes: &MyNotes, name: &str) {
    timeout(PATIENCE, notes.dropped.notified())
        .await
        .unwrap_or_else(|_| panic!("{name}: the handler is still alive"));
    assert_eq!(notes.live.load(Ordering::SeqCst), 0, "{name}");
}

/// Known mistakes 49 and 50.
#[tokio::test]
async fn a_handler_is_dropped_when_its_client_goes() {
    let notes = MyNotes::default();
    let (_server, clients) = over(&notes).await;
    for (name, client) in clients {
        let call = tokio::spawn(client.echo(scenario("hang", note("a"))));
        timeout(PATIENCE, notes.waits.notified()).await.expect(name);
        call.abort();
        dropped(&notes, name).await;
    }
}

/// A stream of one message that does not end.
fn endless() -> Streaming<Note> {
    Streaming::from_stream(stream::iter([Ok(note("a"))]).chain(stream::pending()))
}

#[tokio::test]
async fn a_handler_that_does_not_read_is_dropped_when_the_client_goes_while_it_sends() {
    let notes = MyNotes::default();
    let (_server, clients) = over(&notes).await;
    for (name, client) in clients {
        let call = tokio::spawn(client.join(scenario("hang", endless())));
        timeout(PATIENCE, notes.waits.notified()).await.expect(name);
        call.abort();
        dropped(&notes, name).await;

        let call = tokio::spawn(client.chat(scenario("hang", endless())));
        timeout(PATIENCE, notes.waits.notified()).await.expect(name);
        call.abort();
        dropped(&notes, name).await;
    }
}

/// Hyper alone does not notice this: it looks at a connection of HTTP/1 only while somebody reads the body.
#[tokio::test]
async fn a_client_of_http1_that_closes_its_socket_in_the_middle_of_a_request_is_noticed() {
    let notes = MyNotes::default();
    let server = Server::start(notes.clone()).await;
    let mut socket = TcpStream::connect(&server.address).await.unwrap();
    let head = "POST /calls.Notes/Join HTTP/1.1\r\nhost: a\r\nscenario: hang\r\n\
                content-type: application/grpc-web\r\ntransfer-encoding: chunked\r\n\r\n5\r\n\0\0\0\0\0\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    timeout(PATIENCE, notes.waits.notified()).await.unwrap();
    drop(socket);
    dropped(&notes, "HTTP/1.1").await;
}

#[tokio::test]
async fn work_that_was_left_to_a_task_is_told_that_the_call_has_ended() {
    let notes = MyNotes::default();
    let (_server, clients) = over(&notes).await;
    for (name, client) in clients {
        let call = client.echo(scenario("leave-behind", note("a"))).await;
        assert!(call.is_ok(), "{name}");
        let reason = timeout(PATIENCE, notes.reason()).await.expect(name);
        assert_eq!(reason, CancelReason::Ended, "{name}");

        let stream = client.repeat(scenario("leave-behind", note("a"))).await;
        assert_eq!(stream.unwrap().into_inner().message().await.unwrap(), None);
        let reason = timeout(PATIENCE, notes.reason()).await.expect(name);
        assert_eq!(reason, CancelReason::Ended, "{name}");
    }
}

#[tokio::test]
async fn work_that_was_left_to_a_task_is_told_that_the_client_has_gone() {
    let notes = MyNotes::default();
    let (_server, clients) = over(&notes).await;
    for (name, client) in clients {
        let call = tokio::spawn(client.echo(scenario("leave-behind-and-hang", note("a"))));
        timeout(PATIENCE, notes.waits.notified()).await.expect(name);
        call.abort();
        let reason = timeout(PATIENCE, notes.reason()).await.expect(name);
        assert_eq!(reason, CancelReason::ClientGone, "{name}");
    }
}

/// A transport ends a request for nothing but an error in its body.
#[tokio::test]
async fn a_call_whose_response_is_dropped_ends_though_its_request_goes_on() {
    let notes = MyNotes::default();
    let (_server, clients) = over(&notes).await;
    for (name, client) in clients {
        let chat = client.chat(scenario("leave-behind", endless())).await;
        let mut chat = chat.unwrap().into_inner();
        assert!(chat.message().await.unwrap().is_some(), "{name}");
        drop(chat);
        let reason = timeout(PATIENCE, notes.reason()).await.expect(name);
        // Its stream of requests may break off first, and end it.
        let gone = matches!(reason, CancelReason::ClientGone | CancelReason::Ended);
        assert!(gone, "{name}: {reason:?}");
    }
}

#[tokio::test]
async fn work_that_was_left_to_a_task_is_told_that_the_deadline_has_passed() {
    let notes = MyNotes::default();
    let header = ("grpc-timeout", "50m");
    let (_server, clients) = over_with_header(&notes, ServerOptions::new(), header).await;
    for (name, client) in clients {
        let call = client.echo(scenario("leave-behind-and-hang", note("a")));
        assert_eq!(call.await.unwrap_err().code(), Code::DeadlineExceeded);
        let reason = timeout(PATIENCE, notes.reason()).await.expect(name);
        assert_eq!(reason, CancelReason::DeadlineExceeded, "{name}");
    }
}

#[tokio::test]
async fn work_that_was_left_to_a_task_is_told_that_the_server_shuts_down() {
    let notes = MyNotes::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let router = Router::new().add_service(NotesServer::new(notes.clone()));
    let server = grpcweb_runtime::serve(listener, router).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    let server = tokio::spawn(server.into_future());
    let channel = grpcweb_runtime::Channel::new(&format!("http://{address}")).unwrap();
    let client = NotesClient::new(channel);
    let call = tokio::spawn(client.echo(scenario("leave-behind-and-hang", note("a"))));
    timeout(PATIENCE, notes.waits.notified()).await.unwrap();
    stop.send(()).unwrap();
    let reason = timeout(PATIENCE, notes.reason()).await.unwrap();
    assert_eq!(reason, CancelReason::Shutdown);
    assert!(!call.is_finished() && !server.is_finished());
    call.abort();
    timeout(PATIENCE, server).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_panic_is_an_internal_error_without_its_text_and_the_connection_lives_on() {
    let notes = MyNotes::default();
    let (_server, clients) = over(&notes).await;
    for (name, client) in clients {
        let unary = client.echo(scenario("panic", note("a"))).await.unwrap_err();
        let client_stream = scenario("panic", Streaming::from_iter([note("a")]));
        let client_stream = client.join(client_stream).await.unwrap_err();
        let last_words = scenario(
            "panic-at-the-end",
            Note {
                count: 2,
                ..note("a")
            },
        );
        let mut stream = client.repeat(last_words).await.unwrap().into_inner();
        for count in 1..=2 {
            let message = stream.message().await.unwrap().unwrap();
            assert_eq!(message.count, count, "{name}");
        }
        let stream = stream.message().await.unwrap_err();
        for status in [unary, client_stream, stream] {
            assert_eq!(status.code(), Code::Internal, "{name}");
            assert!(!status.message().contains("swordfish"), "{name}: {status}");
        }
        assert!(client.echo(note("a")).await.is_ok(), "{name}");
    }
}

#[tokio::test]
async fn a_connection_serves_the_next_call_after_a_panic() {
    let server = Server::start(MyNotes::default()).await;
    let mut socket = TcpStream::connect(&server.address).await.unwrap();
    for (header, status) in [
        ("scenario: panic\r\n", "grpc-status:13"),
        ("", "grpc-status:0"),
    ] {
        let request = format!(
            "POST /calls.Notes/Echo HTTP/1.1\r\nhost: a\r\n{header}\
             content-type: application/grpc-web\r\ncontent-length: 5\r\n\r\n\0\0\0\0\0"
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut received = String::new();
        while !received.contains(status) {
            let mut chunk = [0; 1024];
            let len = timeout(PATIENCE, socket.read(&mut chunk))
                .await
                .unwrap()
                .unwrap();
            assert!(len > 0, "closed after {received:?}");
            received.push_str(&String::from_utf8_lossy(&chunk[..len]));
        }
    }
}
