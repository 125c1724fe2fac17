//! Every kind of method, over every transport.

use std::cell::Cell;
use std::task::{Context, Poll};

use calls::proto::calls::Note;
use calls::proto::calls::notes_client::NotesClient;
use calls::{MyNotes, Server, note, over};
use grpcweb_runtime::client::ChannelError;
use grpcweb_runtime::{Body, Channel, Request, Status, Streaming};
use tower_service::Service;

#[tokio::test]
async fn one_message_for_one() {
    let (_server, clients) = over(&MyNotes::default()).await;
    for (name, client) in clients {
        let reply = client.echo(note("hello")).await.unwrap();
        assert_eq!(reply.get_ref(), &note("hello"), "{name}");
    }
}

#[tokio::test]
async fn a_stream_for_one_message() {
    let (_server, clients) = over(&MyNotes::default()).await;
    for (name, client) in clients {
        for count in [0, 1, 1000] {
            let request = Note { count, ..note("a") };
            let mut stream = client.repeat(request).await.unwrap().into_inner();
            let mut received = Vec::new();
            while let Some(note) = stream.message().await.unwrap() {
                received.push(note.count);
            }
            assert_eq!(received, Vec::from_iter(1..=count), "{name}");
            assert_eq!(stream.message().await.unwrap(), None, "{name}");
        }
    }
}

#[tokio::test]
async fn one_message_for_a_stream() {
    let (_server, clients) = over(&MyNotes::default()).await;
    for (name, client) in clients {
        let notes = Streaming::from_iter(["a", "b", "c"].map(note));
        let reply = client.join(notes).await.unwrap().into_inner();
        assert_eq!((&reply.text[..], reply.count), ("abc", 3), "{name}");

        let nothing = Streaming::from_iter([]);
        assert_eq!(
            client.join(nothing).await.unwrap().get_ref(),
            &note(""),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_stream_for_a_stream() {
    let (_server, clients) = over(&MyNotes::default()).await;
    for (name, client) in clients {
        let notes = Streaming::from_iter(["a", "b"].map(note));
        let mut replies = client.chat(notes).await.unwrap().into_inner();
        assert_eq!(replies.message().await.unwrap(), Some(note("a")), "{name}");
        assert_eq!(replies.message().await.unwrap(), Some(note("b")), "{name}");
        assert_eq!(replies.message().await.unwrap(), None, "{name}");
    }
}

#[tokio::test]
async fn a_request_stream_that_fails_fails_the_call_with_its_own_error() {
    let (_server, clients) = over(&MyNotes::default()).await;
    for (name, client) in clients {
        let notes = [Ok(note("a")), Err(Status::data_loss("the disk is gone"))];
        let notes = Streaming::from_stream(futures_util::stream::iter(notes));
        let status = client.join(notes).await.unwrap_err();
        assert_eq!(status.message(), "the disk is gone", "{name}: {status:?}");
    }
}

#[tokio::test]
async fn calls_at_the_same_time_get_their_own_answers() {
    let (_server, clients) = over(&MyNotes::default()).await;
    for (name, client) in clients {
        let calls = (0..50).map(|n| tokio::spawn(client.echo(note(n.to_string()))));
        for (n, call) in futures_util::future::join_all(calls)
            .await
            .into_iter()
            .enumerate()
        {
            assert_eq!(
                call.unwrap().unwrap().get_ref().text,
                n.to_string(),
                "{name}"
            );
        }
    }
}

/// A transport that can be sent to another thread, and not shared between two.
#[derive(Clone)]
struct Alone(Channel, Cell<()>);

impl Service<http::Request<Body>> for Alone {
    type Response = <Channel as Service<http::Request<Body>>>::Response;
    type Error = ChannelError;
    type Future = <Channel as Service<http::Request<Body>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        self.0.call(request)
    }
}

#[tokio::test]
async fn a_call_over_a_transport_that_is_not_sync_can_be_spawned() {
    let server = Server::start(MyNotes::default()).await;
    let transport = Alone(server.channel(false), Cell::new(()));
    let client = NotesClient::new(transport);
    let reply = tokio::spawn(client.echo(note("hello"))).await.unwrap();
    assert_eq!(reply.unwrap().get_ref(), &note("hello"));
}

/// Known mistake 55.
#[test]
fn a_stream_can_be_shared_and_sent() {
    fn shared<T: Send + Sync>() {}
    shared::<Streaming<Note>>();
    shared::<Request<Streaming<Note>>>();
}
