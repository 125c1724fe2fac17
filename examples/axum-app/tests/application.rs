//! The application as a browser meets it.

use greeter::proto::helloworld::HelloRequest;
use greeter::proto::helloworld::greeter_client::GreeterClient;
use grpcweb_runtime::{Body, Channel, Code, Request, Status};
use http::Response;
use http_body_util::BodyExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower::{Service as _, ServiceExt as _};

async fn start() -> (JoinHandle<std::io::Result<()>>, Channel) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(axum::serve(listener, axum_app::app()).into_future());
    (server, Channel::new(&url).unwrap())
}

async fn fetch(channel: &Channel, request: http::Request<Body>) -> Response<String> {
    let mut channel = channel.clone();
    let response = channel.ready().await.unwrap().call(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Response::from_parts(head, String::from_utf8(body.to_vec()).unwrap())
}

async fn get(channel: &Channel, path: &str, cookie: &str) -> Response<String> {
    let request = http::Request::get(path).header("cookie", cookie);
    fetch(channel, request.body(Body::empty()).unwrap()).await
}

async fn post_login(channel: &Channel, name: &str, cookie: &str) -> Response<String> {
    let request = http::Request::post("/login")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cookie", cookie)
        .body(Body::full(format!("name={name}")))
        .unwrap();
    fetch(channel, request).await
}

/// Logs in and returns the cookie of the session.
async fn log_in(channel: &Channel, name: &str) -> String {
    log_in_again(channel, name, "").await
}

async fn log_in_again(channel: &Channel, name: &str, cookie: &str) -> String {
    let response = post_login(channel, name, cookie).await;
    assert_eq!(response.status(), 303);
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    let (cookie, _) = cookie.split_once(';').unwrap();
    cookie.to_owned()
}

async fn greet(channel: &Channel, cookie: &str) -> Result<String, Status> {
    let name = "world".to_owned();
    let mut request = Request::new(HelloRequest { name });
    request.metadata_mut().insert("cookie", cookie).unwrap();
    let reply = GreeterClient::new(channel.clone())
        .say_hello(request)
        .await?;
    Ok(reply.into_inner().message)
}

#[tokio::test]
async fn a_call_is_made_in_the_name_of_the_sessions_user() {
    let (server, channel) = start().await;
    let nobody = greet(&channel, "session=made-up").await.unwrap_err();
    assert_eq!(nobody.code(), Code::Unauthenticated);

    let cookie = log_in(&channel, "ada").await;
    let message = greet(&channel, &cookie).await.unwrap();
    assert_eq!(message, "Hello, world! ada says so.");

    let logout = http::Request::post("/logout").header("cookie", &cookie);
    let response = fetch(&channel, logout.body(Body::empty()).unwrap()).await;
    let cleared = response.headers()["set-cookie"].to_str().unwrap();
    assert!(cleared.contains("Max-Age=0"), "{cleared}");
    let nobody = greet(&channel, &cookie).await.unwrap_err();
    assert_eq!(nobody.code(), Code::Unauthenticated);
    server.abort();
}

#[tokio::test]
async fn a_new_login_ends_the_session_before() {
    let (server, channel) = start().await;
    let old = log_in(&channel, "ada").await;
    let new = log_in_again(&channel, "grace", &old).await;
    let nobody = greet(&channel, &old).await.unwrap_err();
    assert_eq!(nobody.code(), Code::Unauthenticated);
    let message = greet(&channel, &new).await.unwrap();
    assert_eq!(message, "Hello, world! grace says so.");
    server.abort();
}

#[tokio::test]
async fn a_name_has_a_length_that_can_be_kept() {
    let (server, channel) = start().await;
    for name in ["", &"a".repeat(65)] {
        let refused = post_login(&channel, name, "").await;
        assert_eq!(refused.status(), 400, "{name}");
    }
    log_in(&channel, &"a".repeat(64)).await;
    server.abort();
}

#[tokio::test]
async fn pages_and_files_are_beside() {
    let (server, channel) = start().await;
    let page = get(&channel, "/", "").await;
    assert!(page.body().contains("<title>Log in</title>"), "{page:?}");
    let cookie = log_in(&channel, "ada").await;
    let page = get(&channel, "/", &cookie).await;
    assert!(page.body().contains("<title>Greeter</title>"), "{page:?}");

    let script = get(&channel, "/static/page.js", "").await;
    assert_eq!(script.headers()["content-type"], "text/javascript");
    assert_eq!(script.body(), include_str!("../static/page.js"));

    let missing = get(&channel, "/elsewhere", "").await;
    assert_eq!(missing.status(), 404);
    assert_eq!(missing.body(), "no such page");
    server.abort();
}
