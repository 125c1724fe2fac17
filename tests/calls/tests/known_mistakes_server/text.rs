//! Text mode.

use std::pin::Pin;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calls::proto::calls::Note;
use calls::proto::calls::notes_server::NotesServer;
use calls::wire::{TEXT, frame, request};
use calls::{MyNotes, RawConnection, Server, note};
use http_body::Body as _;
use prost::Message as _;
use tower_service::Service as _;

/// Known mistake 16.
#[tokio::test]
async fn text_without_its_last_padding_is_answered_at_once_and_the_connection_lives_on() {
    let server = Server::start(MyNotes::default()).await;
    let mut connection = RawConnection::open(&server.address).await;
    for (text, code) in [
        ("AAAAAAM", 3),
        ("AAAAAAUKA2FiYw==", 0),
        ("AAAAAAUKA2FiYw", 3),
    ] {
        for method in ["Echo", "Join"] {
            let length = format!("content-length: {}\r\n", text.len());
            let head = RawConnection::head(method, TEXT, &length);
            connection.send(head + text).await;
            assert_eq!(connection.response().await.code(), code, "{method} {text}");
        }
    }
}

/// Known mistake 18.
#[tokio::test]
async fn each_flush_of_an_answer_in_text_decodes_on_its_own_the_trailers_too() {
    for text in ["", "a", "ab"] {
        let notes = MyNotes::default();
        let asked = Note {
            count: 2,
            ..note(text)
        };
        let body = STANDARD.encode(frame(0, &asked.encode_to_vec()));
        let mut request = request("Repeat", TEXT, [body.as_bytes()]);
        let scenario = "wait-after-each".parse().unwrap();
        request.headers_mut().insert("scenario", scenario);
        let mut server = NotesServer::new(notes.clone());
        let mut body = server.call(request).await.unwrap().into_body();
        let mut flushes = Vec::new();
        while let Some(flush) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await
        {
            flushes.push(
                STANDARD
                    .decode(flush.unwrap().into_data().unwrap())
                    .unwrap(),
            );
            notes.go_on.notify_one();
        }
        let message = |count| {
            frame(
                0,
                &Note {
                    count,
                    ..note(text)
                }
                .encode_to_vec(),
            )
        };
        let trailers = frame(0x80, b"grpc-status:0\r\n");
        // The last message is there together with the end.
        assert_eq!(
            flushes,
            [message(1), [message(2), trailers].concat()],
            "{text:?}"
        );
    }
}
