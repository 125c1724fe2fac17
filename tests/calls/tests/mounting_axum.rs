//! In an axum application, over sockets.

use std::io::Write as _;
use std::net::SocketAddr;
use std::panic::catch_unwind;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::routing::{get, post};
use calls::proto::calls::Note;
use calls::proto::calls::notes_client::NotesClient;
use calls::proto::calls::notes_server::NotesServer;
use calls::stubs::calls::notes_server as some;
use calls::wire::{BINARY, frame, request};
use calls::{MyNotes, RawConnection, Server, note};
use flate2::write::GzDecoder;
use grpcweb_runtime::{Channel, Code, ConnectionInfo, Request, Response, Router, Status};
use http_body_util::BodyExt as _;
use prost::Message as _;
use tokio::time::timeout;
use tower_http::compression::CompressionLayer;
use tower_http::trace::TraceLayer;
use tower_service::Service as _;

/// How long a message may take before it counts as held back.
const PATIENCE: Duration = Duration::from_secs(20);

fn rpc() -> Router {
    Router::new().add_service(NotesServer::new(MyNotes::default()))
}

/// An application with a page, an API, state, a preflight and a fallback of its own.
fn app() -> axum::Router {
    axum::Router::new()
        .route("/", get(async |State(title): State<String>| title))
        .route(
            "/api",
            post(async |body: String| body).options(async || "a preflight of others"),
        )
        .fallback(async || (http::StatusCode::NOT_FOUND, "no such page"))
        .merge(rpc().into_axum_router())
        .with_state("the page".to_owned())
}

async fn assert_the_application_answers(address: &str) {
    let mut connection = RawConnection::open(address).await;
    for (head, body, status, answer) in [
        ("GET / HTTP/1.1\r\n", "", 200, "the page"),
        (
            "POST /api HTTP/1.1\r\ncontent-type: application/json\r\n",
            "{}",
            200,
            "{}",
        ),
        (
            "OPTIONS /api HTTP/1.1\r\naccess-control-request-method: POST\r\n",
            "",
            200,
            "a preflight of others",
        ),
        ("DELETE /api HTTP/1.1\r\n", "", 405, ""),
        ("GET /elsewhere HTTP/1.1\r\n", "", 404, "no such page"),
        (
            "POST /calls.Others/Echo HTTP/1.1\r\ncontent-type: application/grpc-web\r\n",
            "",
            404,
            "no such page",
        ),
    ] {
        let len = body.len();
        connection
            .send(format!(
                "{head}host: test\r\ncontent-length: {len}\r\n\r\n{body}"
            ))
            .await;
        let reply = connection.response().await;
        assert_eq!(reply.head.status(), status, "{head}");
        assert_eq!(reply.body, answer, "{head}");
    }
}

async fn echo(address: &str, base: &str) -> Result<String, Status> {
    let channel = Channel::new(&format!("http://{address}{base}")).unwrap();
    let reply = NotesClient::new(channel).echo(note("hello")).await?;
    Ok(reply.into_inner().text)
}

#[tokio::test]
async fn the_application_answers_as_before_and_the_service_beside_it() {
    let server = Server::with(|listener| axum::serve(listener, app())).await;
    assert_the_application_answers(&server.address).await;
    assert_eq!(echo(&server.address, "").await.unwrap(), "hello");
}

#[tokio::test]
async fn so_they_do_with_layers_around() {
    let app = app()
        .layer(CompressionLayer::new())
        .layer(TraceLayer::new_for_http());
    let server = Server::with(|listener| axum::serve(listener, app)).await;
    assert_the_application_answers(&server.address).await;
    assert_eq!(echo(&server.address, "").await.unwrap(), "hello");
}

#[tokio::test]
async fn below_a_prefix_the_service_answers_there_alone() {
    let app = axum::Router::new()
        .nest("/api", rpc().into_axum_router())
        .fallback(async || (http::StatusCode::NOT_FOUND, "no such page"));
    let server = Server::with(|listener| axum::serve(listener, app)).await;
    assert_eq!(echo(&server.address, "/api").await.unwrap(), "hello");
    let status = echo(&server.address, "").await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented, "{status}");
}

#[tokio::test]
async fn a_service_behind_the_fallback_leaves_the_routes_alone() {
    let app = axum::Router::new()
        .route("/", get(async || "the page"))
        .fallback_service(rpc());
    let server = Server::with(|listener| axum::serve(listener, app)).await;
    assert_eq!(echo(&server.address, "").await.unwrap(), "hello");
    let mut connection = RawConnection::open(&server.address).await;
    connection
        .send("GET / HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    assert_eq!(connection.response().await.body, "the page");
    connection
        .send("GET /elsewhere HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    assert_eq!(connection.response().await.head.status(), 404);
}

fn message_of(panics: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let payload = catch_unwind(panics).unwrap_err();
    let formatted = payload.downcast_ref::<String>().cloned();
    formatted.unwrap_or_else(|| payload.downcast_ref::<&str>().unwrap().to_string())
}

/// Known mistake 41.
#[test]
fn the_same_service_twice_is_a_loud_mistake() {
    for twice in [
        || drop(rpc().add_service(NotesServer::new(MyNotes::default()))),
        || drop(rpc().merge(rpc())),
        || {
            let app: axum::Router = rpc().into_axum_router();
            drop(app.merge(rpc().into_axum_router()));
        },
    ] {
        let message = message_of(twice);
        assert!(message.contains("calls.Notes"), "{message}");
    }
}

/// What a handler is told: the user that a layer found, and where the request came from.
struct WhoCalls;

#[derive(Clone)]
struct User(&'static str);

impl some::Notes for WhoCalls {
    async fn echo(&self, request: Request<Note>) -> Result<Response<Note>, Status> {
        let user = request.extensions().get::<User>().map(|user| user.0);
        let from = request.remote_addr().map(|address| address.ip());
        Ok(Response::new(note(format!("{user:?} {from:?}"))))
    }
}

fn who_calls() -> axum::Router {
    let rpc = Router::new().add_service(some::NotesServer::new(WhoCalls));
    rpc.into_axum_router().layer(Extension(User("ada")))
}

#[tokio::test]
async fn a_handler_knows_the_user_and_the_peer_as_axum_tells_them() {
    let server = Server::with(|listener| axum::serve(listener, who_calls())).await;
    assert_eq!(
        echo(&server.address, "").await.unwrap(),
        r#"Some("ada") None"#
    );

    let app = who_calls().into_make_service_with_connect_info::<SocketAddr>();
    let server = Server::with(|listener| axum::serve(listener, app)).await;
    let text = echo(&server.address, "").await.unwrap();
    assert_eq!(text, r#"Some("ada") Some(127.0.0.1)"#);
}

#[tokio::test]
async fn what_is_said_about_the_connection_goes_before_what_axum_says() {
    let unix = Extension(ConnectionInfo::new(None));
    let app = who_calls()
        .layer(unix)
        .into_make_service_with_connect_info::<SocketAddr>();
    let server = Server::with(|listener| axum::serve(listener, app)).await;
    assert_eq!(
        echo(&server.address, "").await.unwrap(),
        r#"Some("ada") None"#
    );
}

#[tokio::test]
async fn a_stream_that_a_layer_compresses_still_comes_message_by_message() {
    let notes = MyNotes::default();
    let rpc = Router::new().add_service(NotesServer::new(notes.clone()));
    let app: axum::Router = rpc.into_axum_router();
    let app = app.layer(CompressionLayer::new());
    let server = Server::with(|listener| axum::serve(listener, app)).await;

    let repeat = Note {
        count: 2,
        ..note("once")
    };
    let body = frame(0, &repeat.encode_to_vec());
    let mut request = request("Repeat", BINARY, [&body[..]]);
    let headers = request.headers_mut();
    headers.insert("accept-encoding", "gzip".parse().unwrap());
    headers.insert("scenario", "wait-after-each".parse().unwrap());
    let mut response = server.channel(false).call(request).await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");

    let mut decoder = GzDecoder::new(Vec::new());
    for seen in 1..=2 {
        while decoder
            .get_ref()
            .windows(4)
            .filter(|w| w == b"once")
            .count()
            < seen
        {
            let frame = response.body_mut().frame();
            let frame = timeout(PATIENCE, frame).await.expect("a message in time");
            let data = frame.unwrap().unwrap().into_data().unwrap();
            decoder.write_all(&data).unwrap();
            decoder.flush().unwrap();
        }
        notes.go_on.notify_one();
    }
}
