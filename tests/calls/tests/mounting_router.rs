//! Routers: what they hold, and one merged into another.

use std::panic::{AssertUnwindSafe, catch_unwind};

use calls::golden::zoo::v1::nobody_server::{Nobody, NobodyServer};
use calls::proto::calls::notes_client::NotesClient;
use calls::proto::calls::notes_server::NotesServer;
use calls::{MyNotes, note};
use grpcweb_runtime::{Code, MethodKind, Router, ServerOptions};

struct Idle;

impl Nobody for Idle {}

fn notes() -> Router {
    Router::new().add_service(NotesServer::new(MyNotes::default()))
}

fn nobody() -> Router {
    Router::new().add_service(NobodyServer::new(Idle))
}

#[test]
fn services_and_methods_are_listed() {
    let router = nobody().merge(notes());
    let services: Vec<_> = router.services().map(|service| service.name).collect();
    assert_eq!(services, ["calls.Notes", "zoo.v1.Nobody"]);
    let methods: Vec<_> = router
        .methods()
        .map(|method| (method.path, method.kind))
        .collect();
    assert_eq!(
        methods,
        [
            ("/calls.Notes/Echo", MethodKind::Unary),
            ("/calls.Notes/Repeat", MethodKind::ServerStreaming),
            ("/calls.Notes/Join", MethodKind::ClientStreaming),
            ("/calls.Notes/Chat", MethodKind::BidiStreaming),
        ]
    );
}

#[tokio::test]
async fn a_merged_service_answers_with_the_options_of_its_new_router() {
    let small = ServerOptions::new().max_decoding_message_size(10);
    for router in [
        nobody().with_options(small.clone()).merge(notes()),
        nobody().merge(notes()).with_options(small),
    ] {
        let client = NotesClient::new(router);
        let reply = client.echo(note("short")).await.unwrap();
        assert_eq!(reply.get_ref().text, "short");
        let status = client.echo(note("much longer")).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    }
}

#[test]
fn options_are_not_lost_in_silence() {
    let other = notes().with_options(ServerOptions::new());
    let merged = catch_unwind(AssertUnwindSafe(|| nobody().merge(other)));
    let panic = merged.unwrap_err();
    let message = panic.downcast_ref::<&str>().unwrap();
    assert!(message.contains("set the options"), "{message}");
}
