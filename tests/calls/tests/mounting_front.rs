//! In front of another service: what is no call passes through as it came.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use calls::proto::calls::notes_client::NotesClient;
use calls::proto::calls::notes_server::NotesServer;
use calls::wire::Reply;
use calls::{MyNotes, RawConnection, Server, note};
use futures_util::stream;
use grpcweb_runtime::client::Client;
use grpcweb_runtime::server::InFrontOf;
use grpcweb_runtime::{Body, Protocol, Router};
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tower_layer::Layer as _;
use tower_service::Service;

fn rpc() -> Router {
    Router::new().add_service(NotesServer::new(MyNotes::default()))
}

/// An application that says what it was asked.
fn site() -> axum::Router {
    axum::Router::new().fallback(async |request: axum::extract::Request| {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8_lossy(&body).into_owned();
        let status = StatusCode::IM_A_TEAPOT;
        (status, format!("{} {} {body}", head.method, head.uri))
    })
}

#[tokio::test]
async fn what_is_no_call_of_a_service_here_is_for_the_application() {
    let service = rpc().in_front_of(site());
    let server = Server::with(|listener| grpcweb_runtime::serve(listener, service)).await;
    let mut connection = RawConnection::open(&server.address).await;
    for (target, headers, body) in [
        ("GET /", "", ""),
        ("POST /api", "content-type: application/json\r\n", "{}"),
        (
            "OPTIONS /api",
            "access-control-request-method: POST\r\norigin: http://a.example\r\n",
            "",
        ),
        // A call, but of a service that is not here.
        (
            "POST /calls.Others/Echo",
            "content-type: application/grpc-web\r\n",
            "frames",
        ),
        // The path of a method, but no call.
        ("GET /calls.Notes/Echo", "", ""),
        (
            "GET /calls.Notes/Echo",
            "content-type: application/grpc-web\r\n",
            "",
        ),
        (
            "POST /calls.Notes/Echo",
            "content-type: application/json\r\n",
            "{}",
        ),
        (
            "POST /calls.Notes/Echo",
            "content-type: text/plain\r\n",
            "a form of another site",
        ),
        ("POST /calls.Notes/Echo", "", "no type"),
        (
            "OPTIONS /calls.Notes/Echo",
            "access-control-request-method: POST\r\norigin: http://a.example\r\n",
            "",
        ),
    ] {
        let len = body.len();
        connection
            .send(format!(
                "{target} HTTP/1.1\r\nhost: test\r\n{headers}content-length: {len}\r\n\r\n{body}"
            ))
            .await;
        let reply = connection.response().await;
        assert_eq!(reply.head.status(), 418, "{target} {headers}");
        assert_eq!(reply.body, format!("{target} {body}"));
    }
}

#[tokio::test]
async fn the_application_gets_the_headers_as_they_came() {
    let site = axum::Router::new().fallback(async |request: axum::extract::Request| {
        let headers = request.headers();
        ["x-forwarded-proto", "host", "cookie", "connection"]
            .map(|name| {
                headers
                    .get(name)
                    .map_or("", |value| value.to_str().unwrap())
            })
            .join(" ")
    });
    let service = rpc().in_front_of(site);
    let server = Server::with(|listener| grpcweb_runtime::serve(listener, service)).await;
    let mut connection = RawConnection::open(&server.address).await;
    connection
        .send(
            "GET / HTTP/1.1\r\nhost: site.test\r\nx-forwarded-proto: https\r\ncookie: a=b\r\n\
             connection: close\r\n\r\n",
        )
        .await;
    let reply = connection.response().await;
    assert_eq!(reply.body, "https site.test a=b close");
}

#[tokio::test]
async fn calls_are_answered_over_every_protocol() {
    let service = rpc().in_front_of(site());
    let server = Server::with(|listener| grpcweb_runtime::serve(listener, service)).await;
    for (protocol, http2) in [
        (Protocol::GrpcWeb, false),
        (Protocol::GrpcWebText, false),
        (Protocol::GrpcWeb, true),
        (Protocol::Grpc, true),
    ] {
        let client = NotesClient::from(Client::new(server.channel(http2)).protocol(protocol));
        let reply = client.echo(note("hello")).await.unwrap();
        assert_eq!(reply.get_ref().text, "hello", "{protocol:?}");
    }
}

#[tokio::test]
async fn a_call_that_cannot_be_is_refused_with_a_status() {
    let mut service = rpc().in_front_of(site());
    for (path, content_type) in [
        ("/calls.Notes/Nothing", "application/grpc-web"),
        ("/calls.Notes/Echo", "application/grpc-web+json"),
        ("/calls.Notes/Echo", "application/grpc"),
    ] {
        let request = Request::post(path)
            .header("content-type", content_type)
            .body(Body::empty());
        let response = service.call(request.unwrap()).await.unwrap();
        let reply = Reply::collect(response).await.unwrap();
        let in_head = reply.header("grpc-status") == "12";
        let in_body = String::from_utf8_lossy(&reply.body).contains("grpc-status:12");
        assert!(in_head || in_body, "{content_type}: {reply:?}");
    }
}

#[tokio::test]
async fn a_router_is_a_layer() {
    let client = NotesClient::new(rpc().layer(site()));
    let reply = client.echo(note("hello")).await.unwrap();
    assert_eq!(reply.get_ref().text, "hello");

    let app = site().layer(rpc());
    let server = Server::with(|listener| axum::serve(listener, app)).await;
    let client = NotesClient::new(server.channel(false));
    let reply = client.echo(note("hello")).await.unwrap();
    assert_eq!(reply.get_ref().text, "hello");
    let mut connection = RawConnection::open(&server.address).await;
    connection
        .send("GET /page HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    assert_eq!(connection.response().await.body, "GET /page ");
}

/// A service that takes bodies of one type alone and fails in its own way.
#[derive(Clone)]
struct Picky {
    ready: Arc<AtomicUsize>,
}

#[derive(Debug, PartialEq)]
enum PickyError {
    NotReady,
    Failed(String),
}

impl Service<Request<Full<Bytes>>> for Picky {
    type Response = Response<Full<Bytes>>;
    type Error = PickyError;
    type Future = std::future::Ready<Result<Response<Full<Bytes>>, PickyError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), PickyError>> {
        match self.ready.load(Ordering::Relaxed) {
            0 => Poll::Ready(Err(PickyError::NotReady)),
            _ => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Self::Future {
        std::future::ready(Err(PickyError::Failed(request.uri().path().to_owned())))
    }
}

#[tokio::test]
async fn the_application_fails_in_its_own_way() {
    let ready = Arc::new(AtomicUsize::new(0));
    let mut service = rpc().in_front_of(Picky {
        ready: Arc::clone(&ready),
    });
    let poll = |service: &mut InFrontOf<Picky>| {
        let service: Pin<&mut InFrontOf<Picky>> = Pin::new(service);
        let mut cx = Context::from_waker(std::task::Waker::noop());
        Service::<Request<Full<Bytes>>>::poll_ready(service.get_mut(), &mut cx)
    };
    assert_eq!(poll(&mut service), Poll::Ready(Err(PickyError::NotReady)));
    ready.store(1, Ordering::Relaxed);
    assert_eq!(poll(&mut service), Poll::Ready(Ok(())));
    let request = Request::get("/page").body(Full::default()).unwrap();
    let error = service.call(request).await.unwrap_err();
    assert_eq!(error, PickyError::Failed("/page".into()));
}

/// Answers with each piece of the request as it comes.
#[derive(Clone)]
struct Mirror;

impl<B> Service<Request<B>> for Mirror {
    type Response = Response<B>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<B>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        std::future::ready(Ok(Response::new(request.into_body())))
    }
}

#[tokio::test]
async fn bodies_pass_through_piece_by_piece() {
    let (send, receive) = mpsc::channel::<Result<Frame<Bytes>, Infallible>>(1);
    let pieces = stream::unfold(receive, async |mut receive| {
        Some((receive.recv().await?, receive))
    });
    let body = StreamBody::new(Box::pin(pieces));
    let mut service = rpc().in_front_of(Mirror);
    let request = Request::post("/upload").body(body).unwrap();
    let mut response = service.call(request).await.unwrap().into_body();
    for piece in ["one", "two", "three"] {
        send.send(Ok(Frame::data(piece.into()))).await.unwrap();
        let frame = response.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), piece);
    }
    drop(send);
    assert!(response.frame().await.is_none());
}

/// Turns the connection into one that is no longer HTTP, and sends everything back.
#[derive(Clone)]
struct Upgrade;

impl Service<Request<Incoming>> for Upgrade {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let upgrade = hyper::upgrade::on(request);
        tokio::spawn(async move {
            let mut upgraded = TokioIo::new(upgrade.await.unwrap());
            let mut bytes = [0; 4];
            upgraded.read_exact(&mut bytes).await.unwrap();
            upgraded.write_all(&bytes).await.unwrap();
        });
        let response = Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header("connection", "upgrade")
            .header("upgrade", "echo")
            .body(String::new());
        std::future::ready(Ok(response.unwrap()))
    }
}

#[tokio::test]
async fn a_connection_can_be_upgraded_by_the_application() {
    let service = rpc().in_front_of(Upgrade);
    let server = Server::with(|listener| grpcweb_runtime::serve(listener, service)).await;
    let mut connection = RawConnection::open(&server.address).await;
    connection
        .send("GET /chat HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n")
        .await;
    assert_eq!(connection.response().await.head.status(), 101);
    connection.send("ping").await;
    assert_eq!(connection.read_to_end().await, b"ping");
}
