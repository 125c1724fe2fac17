//! What travels beside the messages, over every transport.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use calls::proto::calls::Note;
use calls::proto::calls::notes_client::NotesClient;
use calls::stubs::calls::notes_server::{Notes, NotesServer};
use calls::{MyNotes, note, over};
use grpcweb_runtime::client::Client;
use grpcweb_runtime::error_details::{BadRequest, ErrorInfo};
use grpcweb_runtime::{Code, MetadataMap, Protocol, Request, Response, Status, Streaming};

/// A request that asks for metadata of every sort in return.
fn asking(note: Note) -> Request<Note> {
    let mut request = Request::new(note);
    let metadata = request.metadata_mut();
    for value in ["one", "two, and more"] {
        metadata.append("x-initial", value).unwrap();
        metadata.append("x-trailing", value).unwrap();
    }
    for value in [&[][..], &[0, 255, 10], b"text"] {
        metadata.append_bin("x-initial-bin", value).unwrap();
        metadata.append_bin("x-trailing-bin", value).unwrap();
    }
    request
}

fn assert_all(metadata: &MetadataMap, place: &str, name: &str) {
    let text: Vec<_> = metadata.get_all(&format!("x-{place}")).collect();
    assert_eq!(text, ["one", "two, and more"], "{name}, {place}");
    let bytes: Vec<_> = metadata.get_all_bin(&format!("x-{place}-bin")).collect();
    assert_eq!(bytes, [&[][..], &[0, 255, 10], b"text"], "{name}, {place}");
}

fn assert_failure(status: &Status, name: &str) {
    assert_eq!(
        status.code(),
        Code::FailedPrecondition,
        "{name}: {status:?}"
    );
    assert_eq!(status.message(), "100 % naïve:\nno", "{name}");
    let details: BadRequest = status.detail().unwrap();
    assert_eq!(
        details,
        BadRequest::violation("text", "is \"fail\""),
        "{name}"
    );
    let details: ErrorInfo = status.detail().unwrap();
    assert_eq!(details.reason, "ASKED_FOR", "{name}");
    assert_all(status.metadata(), "trailing", name);
}

#[tokio::test]
async fn a_unary_call_has_metadata_before_and_after_its_message() {
    let (_server, clients) = over(&MyNotes::default()).await;
    for (name, client) in clients {
        let reply = client.echo(asking(note("a"))).await.unwrap();
        assert_all(reply.metadata(), "initial", name);
        assert_all(reply.trailers(), "trailing", name);
    }
}

#[tokio::test]
async fn a_stream_has_metadata_at_its_begin_and_its_end() {
    let (_server, clients) = over(&MyNotes::default()).await;
    for (name, client) in clients {
        let request = asking(Note {
            count: 2,
            ..note("a")
        });
        let reply = client.repeat(request).await.unwrap();
        assert_all(reply.metadata(), "initial", name);
        let mut stream = reply.into_inner();
        assert!(stream.trailers().is_empty(), "{name}");
        while stream.message().await.unwrap().is_some() {}
        assert_all(stream.trailers(), "trailing", name);
    }
}

#[tokio::test]
async fn an_error_of_a_unary_call_arrives_whole() {
    let (_server, clients) = over(&MyNotes::default()).await;
    for (name, client) in clients {
        let status = client.echo(asking(note("fail"))).await.unwrap_err();
        assert_failure(&status, name);
    }
}

/// Known mistake 33.
#[tokio::test]
async fn an_error_before_the_first_message_of_a_stream_arrives_whole() {
    let (_server, clients) = over(&MyNotes::default()).await;
    for (name, client) in clients {
        let mut request = asking(note("a"));
        request
            .metadata_mut()
            .insert("scenario", "fail-at-once")
            .unwrap();
        let mut stream = client.repeat(request).await.unwrap().into_inner();
        assert_failure(&stream.message().await.unwrap_err(), name);
    }
}

/// Known mistakes 51 and 52.
#[tokio::test]
async fn an_error_after_messages_arrives_after_them_and_stays() {
    let (_server, clients) = over(&MyNotes::default()).await;
    for (name, client) in clients {
        let mut request = asking(Note {
            count: 3,
            ..note("a")
        });
        request
            .metadata_mut()
            .insert("scenario", "fail-at-the-end")
            .unwrap();
        let mut stream = client.repeat(request).await.unwrap().into_inner();
        for count in 1..=3 {
            assert_eq!(
                stream.message().await.unwrap().unwrap().count,
                count,
                "{name}"
            );
        }
        for _ in 0..2 {
            assert_failure(&stream.message().await.unwrap_err(), name);
        }
    }
}

/// Known mistake 53.
#[tokio::test]
async fn a_stream_of_errors_ends_at_the_first_as_a_stream_too() {
    use futures_util::StreamExt as _;

    let (_server, clients) = over(&MyNotes::default()).await;
    for (name, client) in clients {
        let mut request = asking(note("a"));
        request
            .metadata_mut()
            .insert("scenario", "fail-at-the-end")
            .unwrap();
        let items: Vec<_> = client
            .repeat(request)
            .await
            .unwrap()
            .into_inner()
            .collect()
            .await;
        assert_eq!(items.len(), 1, "{name}");
        assert_failure(items[0].as_ref().unwrap_err(), name);
    }
}

/// Says at the end of a stream what it only knows then: how long its texts are in all.
struct Adds;

impl Notes for Adds {
    async fn repeat(&self, _: Request<Note>) -> Result<Response<Streaming<Note>>, Status> {
        let sum = Arc::new(AtomicUsize::new(0));
        let adder = Arc::clone(&sum);
        let notes = ["a", "bc", "def"].into_iter().map(move |text| {
            adder.fetch_add(text.len(), Ordering::SeqCst);
            note(text)
        });
        let notes = Streaming::from_iter(notes).with_trailers(move || {
            let mut trailers = MetadataMap::new();
            let sum = sum.load(Ordering::SeqCst).to_string();
            trailers.insert("x-sum", &sum).unwrap();
            trailers
        });
        Ok(Response::new(notes))
    }
}

#[tokio::test]
async fn a_stream_can_say_at_its_end_what_it_did_not_know_before() {
    for protocol in [Protocol::GrpcWeb, Protocol::GrpcWebText, Protocol::Grpc] {
        let client = Client::new(NotesServer::new(Adds)).protocol(protocol);
        let reply = NotesClient::from(client).repeat(note("")).await.unwrap();
        let mut stream = reply.into_inner();
        while stream.message().await.unwrap().is_some() {}
        assert_eq!(stream.trailers().get("x-sum"), Some("6"), "{protocol:?}");
    }
}
