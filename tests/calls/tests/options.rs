//! What a server allows a call.

use std::time::Duration;

use bytes::Bytes;
use calls::proto::calls::Note;
use calls::proto::calls::notes_client::NotesClient;
use calls::proto::calls::notes_server::NotesServer;
use calls::{MyNotes, note, over_with};
use futures_util::{StreamExt as _, stream};
use grpcweb_runtime::error_details::ErrorInfo;
use grpcweb_runtime::{
    Code, Protocol, Request, Response, Router, ServerOptions, Status, Streaming,
};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

fn waiting(count: u32) -> Request<Note> {
    let mut request = Request::new(Note { count, ..note("a") });
    request
        .metadata_mut()
        .insert("scenario", "wait-after-each")
        .unwrap();
    request
}

/// The error of a call for a stream, which gRPC has in the head and gRPC-Web in the body.
async fn refusal(call: Result<Response<Streaming<Note>>, Status>) -> Status {
    match call {
        Ok(response) => response.into_inner().message().await.unwrap_err(),
        Err(status) => status,
    }
}

/// Checks that an error says which limit was reached, and what raises it.
#[track_caller]
fn names(status: &Status, name: &str, parts: &[&str]) {
    assert_eq!(status.code(), Code::ResourceExhausted, "{name}: {status}");
    for part in parts {
        assert!(status.message().contains(part), "{name}: {status}");
    }
}

#[tokio::test]
async fn a_call_too_many_is_refused_at_once_until_a_stream_has_ended() {
    let notes = MyNotes::default();
    let options = ServerOptions::new().max_concurrent_calls(1);
    let (_server, clients) = over_with(&notes, options).await;
    for (name, client) in clients {
        let mut stream = client.repeat(waiting(2)).await.unwrap().into_inner();
        assert!(stream.message().await.unwrap().is_some(), "{name}");
        let refused = client.echo(note("a")).await.unwrap_err();
        names(
            &refused,
            name,
            &["of this service of 1 calls", "max_concurrent_calls"],
        );

        notes.go_on.notify_one();
        while stream.message().await.unwrap().is_some() {}
        assert!(client.echo(note("a")).await.is_ok(), "{name}");
    }
}

#[tokio::test]
async fn a_stream_that_is_dropped_makes_room_for_another_call() {
    let notes = MyNotes::default();
    let options = ServerOptions::new().max_concurrent_calls(1);
    let (_server, clients) = over_with(&notes, options).await;
    for (name, client) in clients {
        let mut stream = client.repeat(waiting(2)).await.unwrap().into_inner();
        assert!(stream.message().await.unwrap().is_some(), "{name}");
        drop(stream);
        timeout(PATIENCE, notes.dropped.notified())
            .await
            .expect(name);
        // The handler's stream is dropped a moment before the call is.
        let again = timeout(PATIENCE, async {
            while client.echo(note("a")).await.is_err() {
                tokio::task::yield_now().await;
            }
        });
        again.await.expect(name);
    }
}

#[tokio::test]
async fn calls_are_counted_for_the_router_and_for_each_method() {
    let notes = MyNotes::default();
    let one = ServerOptions::new().max_concurrent_calls(1);
    let service = NotesServer::new(notes.clone())
        .with_options(ServerOptions::new().method("Repeat", one.clone()));
    let two = ServerOptions::new().max_concurrent_calls(2);
    let client = NotesClient::new(Router::new().with_options(two).add_service(service));

    let mut first = client.repeat(waiting(2)).await.unwrap().into_inner();
    assert!(first.message().await.is_ok());
    let refused = refusal(client.repeat(waiting(2)).await).await;
    names(&refused, "method", &["of this method of 1 calls"]);
    let notes = stream::iter([Ok(note("a"))]).chain(stream::pending());
    let second = client.chat(Streaming::from_stream(notes)).await;
    let mut second = second.unwrap().into_inner();
    assert!(second.message().await.is_ok());
    let refused = client.echo(note("a")).await.unwrap_err();
    names(&refused, "router", &["of this server of 2 calls"]);
}

#[tokio::test]
async fn a_request_that_is_too_long_in_all_is_refused() {
    let options = ServerOptions::new().max_request_size(200);
    let (_server, clients) = over_with(&MyNotes::default(), options).await;
    for (name, client) in clients {
        let few = Streaming::from_iter(std::iter::repeat_n(note("abc"), 3));
        assert_eq!(client.join(few).await.unwrap().get_ref().count, 3, "{name}");
        let many = Streaming::from_iter(std::iter::repeat_n(note("abc"), 100));
        let refused = client.join(many).await.unwrap_err();
        names(&refused, name, &["200 bytes", "max_request_size"]);
    }
}

#[tokio::test]
async fn trailers_that_are_too_long_fail_a_call_that_went_well() {
    let options = ServerOptions::new().max_trailers_size(100);
    let (_server, clients) = over_with(&MyNotes::default(), options).await;
    for (name, client) in clients {
        for method in ["unary", "stream"] {
            let mut request = Request::new(note("a"));
            let value = "x".repeat(100);
            request.metadata_mut().insert("x-trailing", &value).unwrap();
            let refused = if method == "unary" {
                client.echo(request).await.unwrap_err()
            } else {
                let mut stream = client.repeat(request).await.unwrap().into_inner();
                stream.message().await.unwrap_err()
            };
            names(&refused, name, &["limit of 100", "max_trailers_size"]);
        }
    }
}

#[tokio::test]
async fn an_error_that_is_too_long_keeps_its_code_and_message() {
    let options = ServerOptions::new().max_trailers_size(100);
    let (_server, clients) = over_with(&MyNotes::default(), options).await;
    for (name, client) in clients {
        let status = client.echo(note("fail")).await.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition, "{name}");
        assert!(
            status.message().starts_with("100 % naïve:\nno"),
            "{name}: {status}"
        );
        assert!(
            status.message().contains("without its details"),
            "{name}: {status}"
        );
        assert_eq!(status.detail::<ErrorInfo>(), None, "{name}");
    }
}

#[tokio::test]
async fn a_client_that_begins_a_message_and_does_not_finish_it_is_given_up() {
    let options = ServerOptions::new().receive_timeout(Duration::from_millis(50));
    let mut server = NotesServer::new(MyNotes::default()).with_options(options);
    for method in ["Echo", "Repeat", "Join", "Chat"] {
        let begun = stream::iter([Ok(http_body::Frame::data(Bytes::from_static(
            b"\0\0\0\0\x09ab",
        )))]);
        let body =
            http_body_util::StreamBody::new(begun.chain(stream::pending::<Result<_, Status>>()));
        let request = http::Request::post(format!("/calls.Notes/{method}"))
            .version(http::Version::HTTP_2)
            .header("content-type", "application/grpc-web")
            .body(body)
            .unwrap();
        let answer = async {
            let response = tower_service::Service::call(&mut server, request)
                .await
                .unwrap();
            let body = http_body_util::BodyExt::collect(response.into_body())
                .await
                .unwrap();
            String::from_utf8_lossy(&body.to_bytes()).into_owned()
        };
        let answer = timeout(PATIENCE, answer).await.expect(method);
        assert!(answer.contains("grpc-status:4"), "{method}: {answer}");
        assert!(answer.contains("receive_timeout"), "{method}: {answer}");
    }
}

#[tokio::test]
async fn a_stream_may_pause_between_messages() {
    let options = ServerOptions::new().receive_timeout(Duration::from_millis(20));
    let (_server, clients) = over_with(&MyNotes::default(), options).await;
    for (name, client) in clients {
        let paused = stream::iter([note("a"), note("b")]).then(|note| async {
            tokio::time::sleep(Duration::from_millis(60)).await;
            Ok(note)
        });
        let joined = client.join(Streaming::from_stream(paused)).await;
        assert_eq!(joined.unwrap().get_ref().text, "ab", "{name}");
    }
}

#[tokio::test]
async fn a_method_has_limits_of_its_own() {
    let long = ServerOptions::new().max_decoding_message_size(1000);
    let options = ServerOptions::new()
        .max_decoding_message_size(10)
        .method("Echo", long);
    let (_server, clients) = over_with(&MyNotes::default(), options).await;
    for (name, client) in clients {
        let note = note("x".repeat(500));
        assert!(client.echo(note.clone()).await.is_ok(), "{name}");
        let refused = refusal(client.repeat(note).await).await;
        names(&refused, name, &["server's limit of 10 bytes"]);
    }
}

#[test]
#[should_panic(expected = "the service calls.Notes has no method \"Ekko\"")]
fn options_for_a_method_that_is_not_there_are_a_loud_error() {
    let options = ServerOptions::new().method("Ekko", ServerOptions::new());
    let _ = NotesServer::new(MyNotes::default()).with_options(options);
}

#[tokio::test]
async fn a_call_in_a_protocol_that_is_not_spoken_is_refused() {
    let options = ServerOptions::new().protocols([Protocol::Grpc]);
    let (_server, clients) = over_with(&MyNotes::default(), options).await;
    for (name, client) in clients {
        let answer = client.echo(note("a")).await;
        if name.starts_with("gRPC") {
            answer.expect(name);
        } else {
            let status = answer.expect_err(name);
            assert_eq!(status.code(), Code::Unimplemented, "{name}");
            let text = if name.starts_with("text") { "Text" } else { "" };
            for part in [format!("GrpcWeb{text} are not"), "::protocols".to_owned()] {
                assert!(status.message().contains(&part), "{name}: {status}");
            }
        }
    }
}
