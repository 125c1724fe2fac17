//! Pages of other origins.

use bytes::Bytes;
use calls::MyNotes;
use calls::proto::calls::notes_server::NotesServer;
use grpcweb_runtime::{Body, Cors, Router};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use tower_layer::Layer as _;
use tower_service::Service as _;

const PAGE: &str = "https://app.example.com";

fn cors() -> Cors {
    Cors::origins([PAGE])
        .unwrap()
        .expose(["x-initial"])
        .unwrap()
}

fn rpc() -> Router {
    Router::new().add_service(NotesServer::new(MyNotes::default()))
}

fn request(method: Method, path: &str, origin: &str, body: &'static [u8]) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("origin", origin)
        .header("host", "api.example.com")
        .header("content-type", "application/grpc-web+proto")
        .body(Body::new(Full::new(Bytes::from_static(body))))
        .unwrap()
}

/// What Chromium sends before a call of grpc-web with metadata.
fn preflight(origin: &str) -> Request<Body> {
    Request::builder()
        .method(Method::OPTIONS)
        .uri("/calls.Notes/Echo")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,content-type,grpc-timeout,x-grpc-web,x-mine,x-user-agent",
        )
        .body(Body::empty())
        .unwrap()
}

/// What a service answers below the layer, alone and in axum.
async fn answers(cors: Cors, request: impl Fn() -> Request<Body>) -> [Response<Bytes>; 2] {
    let alone = cors.layer(rpc()).call(request()).await.unwrap();
    let (head, body) = alone.into_parts();
    let alone = Response::from_parts(head, body.collect().await.unwrap().to_bytes());
    let mut app: axum::Router = rpc().into_axum_router().layer(cors);
    let (head, body) = app.call(request()).await.unwrap().into_parts();
    let in_axum = Response::from_parts(head, body.collect().await.unwrap().to_bytes());
    [alone, in_axum]
}

/// Known mistake 40.
#[tokio::test]
async fn a_preflight_is_answered_with_the_headers_that_it_asks_for() {
    for response in answers(cors(), || preflight(PAGE)).await {
        let headers = response.headers();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(headers["access-control-allow-origin"], PAGE);
        assert_eq!(headers["access-control-allow-methods"], "POST");
        let allowed = headers["access-control-allow-headers"].to_str().unwrap();
        for name in [
            "authorization",
            "content-type",
            "grpc-timeout",
            "x-grpc-web",
            "x-mine",
            "x-user-agent",
        ] {
            assert!(
                allowed.split(',').any(|own| own.trim() == name),
                "{name}: {allowed}"
            );
        }
        assert_eq!(headers["access-control-max-age"], "7200");
        assert!(
            headers
                .get_all("vary")
                .iter()
                .any(|v| v.to_str().unwrap().contains("origin"))
        );
        assert!(!headers.contains_key("access-control-allow-credentials"));
    }
}

/// Known mistake 40.
#[tokio::test]
async fn every_answer_can_be_read_by_the_page_errors_included() {
    let message: &[u8] = b"\0\0\0\0\0";
    for (method, path, body, status) in [
        (Method::POST, "/calls.Notes/Echo", message, StatusCode::OK),
        (Method::POST, "/calls.Notes/Echo", b"", StatusCode::OK),
        (
            Method::POST,
            "/calls.Notes/Nothing",
            message,
            StatusCode::OK,
        ),
        (
            Method::GET,
            "/calls.Notes/Echo",
            b"",
            StatusCode::METHOD_NOT_ALLOWED,
        ),
    ] {
        for response in answers(cors(), || request(method.clone(), path, PAGE, body)).await {
            let headers = response.headers();
            assert_eq!(response.status(), status);
            assert_eq!(headers["access-control-allow-origin"], PAGE);
            let exposed = headers["access-control-expose-headers"].to_str().unwrap();
            for name in [
                "grpc-status",
                "grpc-message",
                "grpc-status-details-bin",
                "x-initial",
            ] {
                assert!(
                    exposed.split(',').any(|own| own.trim() == name),
                    "{exposed}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_page_of_another_origin_gets_no_leave() {
    let other = "https://evil.example.com";
    for response in answers(cors(), || preflight(other)).await {
        assert!(
            !response
                .headers()
                .contains_key("access-control-allow-origin")
        );
    }
}

#[tokio::test]
async fn credentials_are_allowed_for_explicit_origins() {
    let cors = cors().with_credentials().unwrap();
    for response in answers(cors, || preflight(PAGE)).await {
        let headers = response.headers();
        assert_eq!(headers["access-control-allow-origin"], PAGE);
        assert_eq!(headers["access-control-allow-credentials"], "true");
    }
}

#[tokio::test]
async fn origins_can_be_chosen_by_a_function_or_not_at_all() {
    let local =
        Cors::origins_where(|origin, _| origin.as_bytes().starts_with(b"http://localhost:"));
    let origin = "http://localhost:5173";
    for response in answers(local, || preflight(origin)).await {
        assert_eq!(response.headers()["access-control-allow-origin"], origin);
    }
    for response in answers(Cors::any_origin(), || preflight(origin)).await {
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
    }
}

#[tokio::test]
async fn without_the_layer_no_page_of_another_origin_is_let_in() {
    let response = rpc().call(preflight(PAGE)).await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert!(
        !response
            .headers()
            .contains_key("access-control-allow-origin")
    );
}
