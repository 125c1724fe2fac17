//! Next to the routes of an axum application.

use axum::Extension;
use axum::extract::State;
use axum::routing::{get, post};
use calls::MyNotes;
use calls::proto::calls::Note;
use calls::proto::calls::notes_client::NotesClient;
use calls::proto::calls::notes_server::NotesServer;
use calls::stubs::calls::notes_server as some;
use grpcweb_runtime::{Body, Channel, Code, Request, Response, Router, Status};
use http_body_util::BodyExt as _;
use tokio::net::TcpListener;
use tower_service::Service as _;

fn rpc() -> Router {
    Router::new().add_service(NotesServer::new(MyNotes::default()))
}

/// An application with a page, an API, state, and a fallback of its own.
fn app() -> axum::Router {
    axum::Router::new()
        .route("/", get(async |State(title): State<String>| title))
        .route("/api", post(async |body: String| body))
        .fallback(async || (http::StatusCode::NOT_FOUND, "no such page"))
        .merge(rpc().into_axum_router())
        .with_state("the page".to_owned())
}

async fn fetch(app: &axum::Router, request: http::Request<Body>) -> (u16, String) {
    let response = app.clone().call(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

/// Known mistake 35.
/// Known mistake 41.
#[tokio::test]
async fn the_routes_of_the_application_answer_as_before() {
    let app = app();
    let get = |path: &str| http::Request::get(path).body(Body::empty()).unwrap();
    assert_eq!(fetch(&app, get("/")).await, (200, "the page".into()));
    assert_eq!(
        fetch(&app, get("/other")).await,
        (404, "no such page".into())
    );
    let json = http::Request::post("/api")
        .header("content-type", "application/json")
        .body(Body::full("{}"))
        .unwrap();
    assert_eq!(fetch(&app, json).await, (200, "{}".into()));
}

/// Known mistake 44.
#[tokio::test]
async fn a_service_answers_next_to_them_also_below_a_prefix() {
    let app = axum::Router::new()
        .nest("/api/v1", rpc().into_axum_router())
        .merge(app());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });

    for base in ["", "/", "/api/v1", "/api/v1/"] {
        for http2 in [false, true] {
            let channel = Channel::builder();
            let channel = if http2 {
                channel.http2_prior_knowledge()
            } else {
                channel
            };
            let channel = channel.build(&format!("http://{address}{base}")).unwrap();
            let reply = NotesClient::new(channel)
                .echo(calls::note("hello"))
                .await
                .unwrap();
            assert_eq!(
                reply.get_ref().text,
                "hello",
                "below {base:?}, HTTP/2: {http2}"
            );
        }
    }
    server.abort();
}

#[tokio::test]
async fn an_application_can_be_served_by_the_runtime_too() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(grpcweb_runtime::serve(listener, app()).into_future());
    let client = NotesClient::new(Channel::new(&url).unwrap());
    assert_eq!(
        client
            .echo(calls::note("hello"))
            .await
            .unwrap()
            .get_ref()
            .text,
        "hello"
    );
    server.abort();
}

#[tokio::test]
async fn an_unknown_method_of_a_known_service_is_unimplemented() {
    let request = http::Request::post("/calls.Notes/Nothing")
        .header("content-type", "application/grpc-web")
        .body(Body::empty())
        .unwrap();
    let (status, body) = fetch(&app(), request).await;
    assert_eq!(status, 200);
    assert!(body.contains("grpc-status:12"), "{body}");
}

/// Says who the layers in front of it say is calling.
struct WhoAmI;

#[derive(Clone)]
struct User(&'static str);

impl some::Notes for WhoAmI {
    async fn echo(&self, request: Request<Note>) -> Result<Response<Note>, Status> {
        let user = request.extensions().get::<User>();
        let user = user.ok_or_else(|| Status::unauthenticated("nobody"))?;
        Ok(Response::new(calls::note(user.0)))
    }
}

#[tokio::test]
async fn a_handler_sees_what_layers_put_into_the_extensions() {
    let rpc = Router::new().add_service(some::NotesServer::new(WhoAmI));
    let app: axum::Router = rpc.clone().into_axum_router();
    let status = NotesClient::new(app.clone())
        .echo(calls::note(""))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);

    let client = NotesClient::new(app.layer(Extension(User("ada"))));
    assert_eq!(
        client.echo(calls::note("")).await.unwrap().get_ref().text,
        "ada"
    );
}
