//! Deadlines: where they come from, and what they end.

use std::sync::atomic::Ordering;
use std::time::Duration;

use calls::proto::calls::Note;
use calls::proto::calls::notes_client::NotesClient;
use calls::proto::calls::notes_server::NotesServer;
use calls::{MyNotes, Server, WithHeader, note, over, over_with, over_with_header};
use futures_util::stream;
use grpcweb_runtime::{Code, Request, Router, ServerOptions, Streaming};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);
const SOON: (&str, &str) = ("grpc-timeout", "50m");

fn scenario<T>(scenario: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let metadata = request.metadata_mut();
    metadata.insert("scenario", scenario).unwrap();
    request
}

/// What is left of a call's time, as its handler sees it; `None` where it has no deadline.
async fn remaining<T>(client: &NotesClient<WithHeader<T>>) -> Option<Duration>
where
    WithHeader<T>: grpcweb_runtime::client::Transport,
{
    let answer = client.echo(note("remaining")).await.unwrap().into_inner();
    if answer.text == "None" {
        return None;
    }
    let seconds = answer
        .text
        .trim_start_matches("Some(")
        .trim_end_matches(')');
    let (number, unit) = seconds.split_at(seconds.find(|c: char| c.is_alphabetic()).unwrap());
    let number: f64 = number.parse().unwrap();
    Some(match unit {
        "s" => Duration::from_secs_f64(number),
        "ms" => Duration::from_secs_f64(number / 1000.0),
        other => panic!("unexpected unit {other}"),
    })
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_dropped_and_the_client_told() {
    let notes = MyNotes::default();
    let (_server, clients) = over_with_header(&notes, ServerOptions::new(), SOON).await;
    for (name, client) in clients {
        let call = client.echo(scenario("hang", note("a")));
        let status = timeout(PATIENCE, call).await.expect(name).unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{name}: {status}");
        assert_eq!(notes.live.load(Ordering::SeqCst), 0, "{name}");

        let call = client.repeat(scenario("hang", note("a")));
        let status = match timeout(PATIENCE, call).await.expect(name) {
            Ok(response) => response.into_inner().message().await.unwrap_err(),
            Err(status) => status,
        };
        assert_eq!(status.code(), Code::DeadlineExceeded, "{name}: {status}");
        assert_eq!(notes.live.load(Ordering::SeqCst), 0, "{name}");
    }
}

#[tokio::test]
async fn a_stream_that_takes_too_long_ends_after_its_messages() {
    let notes = MyNotes::default();
    let (_server, clients) = over_with_header(&notes, ServerOptions::new(), SOON).await;
    for (name, client) in clients {
        let waiting = scenario(
            "wait-after-each",
            Note {
                count: 2,
                ..note("a")
            },
        );
        let mut stream = client.repeat(waiting).await.unwrap().into_inner();
        assert_eq!(stream.message().await.unwrap().unwrap().count, 1, "{name}");
        let end = timeout(PATIENCE, stream.message()).await.expect(name);
        let status = end.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{name}: {status}");
        assert_eq!(notes.live.load(Ordering::SeqCst), 0, "{name}");
    }
}

#[tokio::test]
async fn a_stream_that_is_never_at_a_loss_for_messages_ends_too() {
    let notes = MyNotes::default();
    let (_server, clients) = over_with_header(&notes, ServerOptions::new(), SOON).await;
    for (name, client) in clients {
        let endless = scenario("for-ever", note("a"));
        let mut stream = client.repeat(endless).await.unwrap().into_inner();
        let end = timeout(PATIENCE, async {
            loop {
                if let Err(status) = stream.message().await {
                    return status;
                }
            }
        });
        let status = end.await.expect(name);
        assert_eq!(status.code(), Code::DeadlineExceeded, "{name}: {status}");
    }
}

#[tokio::test]
async fn a_request_that_does_not_end_is_not_waited_for() {
    let notes = MyNotes::default();
    let (_server, clients) = over_with_header(&notes, ServerOptions::new(), SOON).await;
    for (name, client) in clients {
        let endless = Streaming::from_stream(stream::pending());
        let status = timeout(PATIENCE, client.join(endless)).await.expect(name);
        let status = status.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{name}: {status}");
    }
}

#[tokio::test]
async fn a_handler_sees_the_time_that_is_left() {
    let notes = MyNotes::default();
    for (header, least, most) in [
        ("90S", 80, 90),
        ("2H", 7000, 7200),
        ("172800000m", 172_000, 172_800),
    ] {
        let header = ("grpc-timeout", header);
        let (_server, clients) = over_with_header(&notes, ServerOptions::new(), header).await;
        for (name, client) in clients {
            let left = remaining(&client).await.expect(name).as_secs();
            assert!((least..=most).contains(&left), "{name}: {left}");
        }
    }
    let (_server, clients) = over(&notes).await;
    for (name, client) in clients {
        let answer = client.echo(note("remaining")).await.unwrap();
        assert_eq!(answer.get_ref().text, "None", "{name}");
    }
}

/// Known mistake 47.
#[tokio::test]
async fn a_timeout_that_cannot_be_read_fails_no_call() {
    for value in ["soon", "-1S", "5", "99999999999999999999H", ""] {
        let header = ("grpc-timeout", value);
        let (_server, clients) =
            over_with_header(&MyNotes::default(), ServerOptions::new(), header).await;
        for (name, client) in clients {
            let answer = client.echo(note("a")).await;
            assert!(answer.is_ok(), "{name}: {value:?}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_timeout_of_nothing_has_passed() {
    let header = ("grpc-timeout", "0n");
    let notes = MyNotes::default();
    let (_server, clients) = over_with_header(&notes, ServerOptions::new(), header).await;
    for (name, client) in clients {
        let status = client.echo(note("a")).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{name}: {status}");
    }
}

#[tokio::test]
async fn a_server_sets_a_timeout_where_the_client_has_none_and_cuts_one_that_is_too_long() {
    let options = ServerOptions::new()
        .timeout(Duration::from_secs(20))
        .max_timeout(Duration::from_secs(40));
    for (header, expected) in [
        (("x-other", "1"), 20),
        (("grpc-timeout", "30S"), 30),
        (("grpc-timeout", "50S"), 40),
    ] {
        let (_server, clients) =
            over_with_header(&MyNotes::default(), options.clone(), header).await;
        for (name, client) in clients {
            let left = remaining(&client).await.expect(name).as_secs_f32();
            let expected = expected as f32;
            assert!(
                (expected - 5.0..=expected).contains(&left),
                "{name}: {left}"
            );
        }
    }
}

#[tokio::test]
async fn a_timeout_holds_for_the_method_before_the_service_and_the_router() {
    let notes = MyNotes::default();
    let options = ServerOptions::new()
        .timeout(Duration::from_secs(3600))
        .method(
            "Echo",
            ServerOptions::new().timeout(Duration::from_millis(50)),
        );
    let service = NotesServer::new(notes.clone()).with_options(options.clone());
    let hour = ServerOptions::new().timeout(Duration::from_secs(3600));
    let router = Router::new().with_options(hour).add_service(service);
    let client = NotesClient::new(router);
    let status = client.echo(scenario("hang", note("a"))).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);

    let (_server, clients) = over_with(&notes, options).await;
    for (name, client) in clients {
        let status = client.echo(scenario("hang", note("a"))).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{name}");
        let repeated = client
            .repeat(Note {
                count: 1,
                ..note("a")
            })
            .await;
        assert!(repeated.is_ok(), "{name}");
    }

    let none = ServerOptions::new().timeout(None);
    let service = NotesServer::new(notes).with_options(none);
    let hour = ServerOptions::new().timeout(Duration::from_secs(3600));
    let router = Router::new().with_options(hour).add_service(service);
    let client = NotesClient::new(router);
    let remaining = client.echo(note("remaining")).await.unwrap();
    assert_eq!(remaining.get_ref().text, "None");
}

/// Known mistake 46.
#[tokio::test]
async fn a_deadline_holds_in_axum_too() {
    let rpc = Router::new().add_service(NotesServer::new(MyNotes::default()));
    let app: axum::Router = rpc.into_axum_router();
    let transport = WithHeader {
        inner: app,
        header: SOON,
    };
    let client = NotesClient::new(transport);
    let status = client.echo(scenario("hang", note("a"))).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    let waiting = scenario(
        "wait-after-each",
        Note {
            count: 2,
            ..note("a")
        },
    );
    let mut stream = client.repeat(waiting).await.unwrap().into_inner();
    assert!(stream.message().await.is_ok());
    let status = stream.message().await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_stream_whose_client_does_not_read_is_dropped_at_its_deadline() {
    let notes = MyNotes::default();
    let server = Server::start(notes.clone()).await;
    let mut socket = tokio::net::TcpStream::connect(&server.address)
        .await
        .unwrap();
    let request = "POST /calls.Notes/Repeat HTTP/1.1\r\nhost: a\r\nscenario: for-ever\r\n\
                   grpc-timeout: 100m\r\ncontent-type: application/grpc-web\r\n\
                   content-length: 5\r\n\r\n\0\0\0\0\0";
    tokio::io::AsyncWriteExt::write_all(&mut socket, request.as_bytes())
        .await
        .unwrap();
    timeout(PATIENCE, notes.dropped.notified()).await.unwrap();
    assert_eq!(notes.live.load(Ordering::SeqCst), 0);
}
