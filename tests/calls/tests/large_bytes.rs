//! Large fields of bytes in responses, which are sent as they are.

use bytes::Bytes;
use calls::proto::calls::Note;
use calls::proto::calls::notes_client::NotesClient;
use calls::proto::calls::notes_server::NotesServer;
use calls::wire::{BINARY, GRPC, frame, request};
use calls::{MyNotes, over};
use grpcweb_runtime::server::ServerOptions;
use grpcweb_runtime::{Body, Code};
use http::{HeaderValue, Version};
use http_body_util::BodyExt as _;
use prost::Message as _;
use tower_service::Service as _;

fn large(len: usize) -> Note {
    Note {
        text: "large".to_owned(),
        data: vec![7; len].into(),
        count: 3,
    }
}

/// The request for a note, and the chunks of the answer, and what is in its HTTP trailers.
async fn answer(
    note: &Note,
    content_type: &str,
    with_trailers: bool,
) -> (Bytes, Vec<Bytes>, String) {
    let sent = Bytes::from(frame(0, &note.encode_to_vec()));
    let mut request = request("Echo", content_type, []).map(|_| Body::full(sent.clone()));
    if with_trailers {
        let trailing = HeaderValue::from_static("3");
        request.headers_mut().insert("x-trailing", trailing);
    }
    if content_type == GRPC {
        *request.version_mut() = Version::HTTP_2;
    }
    let mut service = NotesServer::new(MyNotes::default());
    let mut body = service.call(request).await.unwrap().into_body();
    let (mut chunks, mut trailers) = (Vec::new(), String::new());
    while let Some(frame) = body.frame().await {
        match frame.unwrap().into_data() {
            Ok(data) => chunks.push(data),
            Err(frame) => trailers = format!("{:?}", frame.into_trailers()),
        }
    }
    (sent, chunks, trailers)
}

#[tokio::test]
async fn a_large_field_is_not_copied_and_all_else_is_where_it_was() {
    let note = large(16 * 1024);
    for (content_type, with_trailers) in
        [(BINARY, false), (BINARY, true), (GRPC, false), (GRPC, true)]
    {
        let (sent, chunks, trailers) = answer(&note, content_type, with_trailers).await;
        let is_of_request = |chunk: &&Bytes| sent.as_ptr_range().contains(&chunk.as_ptr());
        let field = chunks.iter().find(is_of_request);
        assert_eq!(field, Some(&note.data), "{content_type}");
        let body = chunks.concat();
        let len = note.encoded_len();
        assert_eq!(
            body[..5],
            frame(0, &note.encode_to_vec())[..5],
            "{content_type}"
        );
        let decoded = Note::decode(&body[5..5 + len]).unwrap();
        assert_eq!(decoded, note, "{content_type}");
        let end = format!("{trailers}{}", String::from_utf8_lossy(&body[5 + len..]));
        assert!(end.contains("grpc-status"), "{content_type}: {end}");
        assert_eq!(end.contains("x-trailing"), with_trailers, "{content_type}");
    }
}

#[tokio::test]
async fn a_small_field_leaves_with_its_message() {
    let note = large(16 * 1024 - 1);
    let (_, chunks, _) = answer(&note, BINARY, false).await;
    assert_eq!(chunks.len(), 1);
}

#[tokio::test]
async fn every_client_reads_a_large_field() {
    let (_server, clients) = over(&MyNotes::default()).await;
    for (name, client) in clients {
        for len in [16 * 1024 - 1, 16 * 1024, 1_000_000] {
            let reply = client.echo(large(len)).await.unwrap();
            assert_eq!(reply.get_ref(), &large(len), "{name}");
        }
    }
}

#[tokio::test]
async fn a_large_field_counts_for_the_limit_of_what_is_sent() {
    let options = ServerOptions::new().max_encoding_message_size(20_000);
    let service = NotesServer::new(MyNotes::default()).with_options(options);
    let status = NotesClient::new(service)
        .echo(large(20_000))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().contains("20013 bytes"), "{status}");
}
