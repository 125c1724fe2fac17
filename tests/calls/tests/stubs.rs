//! Methods that a service leaves to the defaults of `generate_default_stubs`.

use calls::proto::calls::Note;
use calls::stubs::calls::notes_client::NotesClient;
use calls::stubs::calls::notes_server::{Notes, NotesServer};
use grpcweb_runtime::client::Client;
use grpcweb_runtime::{Code, Protocol, Response, Status, Streaming};

struct NothingYet;

impl Notes for NothingYet {}

/// The error of a call for a stream, which gRPC has in the head and gRPC-Web in the body.
async fn refusal(call: Result<Response<Streaming<Note>>, Status>) -> Status {
    match call {
        Ok(response) => response.into_inner().message().await.unwrap_err(),
        Err(status) => status,
    }
}

#[tokio::test]
async fn a_method_of_any_kind_is_unimplemented_and_named() {
    for protocol in [Protocol::GrpcWeb, Protocol::GrpcWebText, Protocol::Grpc] {
        let client = Client::new(NotesServer::new(NothingYet)).protocol(protocol);
        let client = NotesClient::from(client);
        let notes = || Streaming::from_iter([Note::default()]);
        for (name, status) in [
            ("Echo", client.echo(Note::default()).await.unwrap_err()),
            (
                "Repeat",
                refusal(client.repeat(Note::default()).await).await,
            ),
            ("Join", client.join(notes()).await.unwrap_err()),
            ("Chat", refusal(client.chat(notes()).await).await),
        ] {
            assert_eq!(status.code(), Code::Unimplemented, "{protocol:?} {name}");
            let expected = format!("calls.Notes/{name} is not implemented");
            assert_eq!(status.message(), expected, "{protocol:?}");
        }
    }
}
