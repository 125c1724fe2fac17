//! What other servers got wrong, by the headings and numbers of the page of known mistakes.
//!
//! Tests elsewhere that hold one of them say so by its number too.

mod compression;
mod deadline;
mod framing;
mod http_layer;
mod text;
mod trailers;

use calls::proto::calls::notes_server::NotesServer;
use calls::wire::{BINARY, GRPC, Reply, TEXT};
use calls::{MyNotes, RawConnection, Server};
use grpcweb_runtime::{Body, Router, ServerOptions};
use http::{Request, Version};
use tower_service::Service;

/// A router with the notes.
fn rpc(notes: &MyNotes) -> Router {
    Router::new().add_service(NotesServer::new(notes.clone()))
}

/// The answer of a server in this process.
async fn answer_with(options: ServerOptions, mut request: Request<Body>) -> Reply {
    if request.headers()["content-type"] == GRPC {
        *request.version_mut() = Version::HTTP_2;
    }
    let mut server = NotesServer::new(MyNotes::default()).with_options(options);
    let response = server.call(request).await.unwrap();
    Reply::collect(response).await.unwrap()
}

async fn answer(request: Request<Body>) -> Reply {
    answer_with(ServerOptions::new(), request).await
}

/// Each protocol over each version of HTTP that has it.
const WAYS: [(bool, &str); 5] = [
    (false, BINARY),
    (false, TEXT),
    (true, BINARY),
    (true, TEXT),
    (true, GRPC),
];

/// The same bytes, as the content type wants them.
fn in_mode(content_type: &str, body: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    match content_type {
        TEXT => base64::engine::general_purpose::STANDARD
            .encode(body)
            .into(),
        _ => body.to_vec(),
    }
}

/// The answer of a server at the end of a connection.
async fn fetch(server: &Server, http2: bool, request: Request<Body>) -> Reply {
    let response = server.channel(http2).call(request).await.unwrap();
    Reply::collect(response).await.unwrap()
}

/// The answer to bytes over HTTP/1.1 on a connection of their own.
async fn fetch_raw(server: &Server, request: impl AsRef<[u8]>) -> Reply {
    let mut connection = RawConnection::open(&server.address).await;
    connection.send(request).await;
    connection.response().await
}
