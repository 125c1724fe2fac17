//! What connections of a server may do, and for how long.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use calls::proto::calls::Note;
use calls::proto::calls::notes_client::NotesClient;
use calls::proto::calls::notes_server::NotesServer;
use calls::wire::{BINARY, message};
use calls::{MyNotes, RawConnection, Server, note};
use grpcweb_runtime::client::Client;
use grpcweb_runtime::server::{Http2Options, Serve};
use grpcweb_runtime::{Body, Code, Protocol, Request, Router};
use hyper::body::Incoming;
use prost::Message as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tower_service::Service;

/// How long anything may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A limit that a test waits for.
const SHORT: Duration = Duration::from_millis(100);

async fn start(
    notes: &MyNotes,
    settings: impl FnOnce(Serve<TcpListener, Router>) -> Serve<TcpListener, Router>,
) -> Server {
    let router = Router::new().add_service(NotesServer::new(notes.clone()));
    Server::with(|listener| settings(grpcweb_runtime::serve(listener, router))).await
}

fn stream_that_waits() -> Request<Note> {
    let mut request = Request::new(Note {
        count: 2,
        ..note("a")
    });
    let metadata = request.metadata_mut();
    metadata.insert("scenario", "wait-after-each").unwrap();
    request
}

/// A request for an echo, over HTTP/1.1.
fn echo() -> String {
    let head = RawConnection::head("Echo", "application/grpc-web", "content-length: 5\r\n");
    head + "\0\0\0\0\0"
}

/// A connection with HTTP/2 and no request.
async fn greet_http2(server: &Server) -> TcpStream {
    let mut socket = TcpStream::connect(&server.address).await.unwrap();
    let greeting = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    socket.write_all(greeting).await.unwrap();
    socket
}

#[tokio::test]
async fn connections_above_the_limit_wait_until_one_ends() {
    let server = start(&MyNotes::default(), |server| server.max_connections(2)).await;
    let mut first = RawConnection::open(&server.address).await;
    let mut second = RawConnection::open(&server.address).await;
    for connection in [&mut first, &mut second] {
        connection.send(echo()).await;
        connection.response().await;
    }
    let mut third = RawConnection::open(&server.address).await;
    third.send(echo()).await;
    let early = timeout(SHORT, third.response_or_end()).await;
    assert!(early.is_err(), "it is not served yet");
    drop(first);
    assert!(third.response().await.head.status().is_success());
    second.send(echo()).await;
    assert!(second.response().await.head.status().is_success());
}

#[tokio::test]
async fn a_connection_without_a_request_is_closed() {
    let server = start(&MyNotes::default(), |server| {
        server.first_request_timeout(SHORT)
    })
    .await;
    for begin in ["", "P", "POST / HTTP/1.1\r\nhost: a\r\n"] {
        let mut connection = RawConnection::open(&server.address).await;
        connection.send(begin).await;
        assert!(connection.ends().await, "{begin:?}");
    }
    let mut preface = greet_http2(&server).await;
    let mut settings = Vec::new();
    let read = timeout(PATIENCE, preface.read_to_end(&mut settings)).await;
    read.unwrap().unwrap();
}

#[tokio::test]
async fn the_head_of_each_request_has_a_time() {
    let server = start(&MyNotes::default(), |server| {
        server
            .first_request_timeout(None)
            .header_read_timeout(SHORT)
    })
    .await;
    let mut connection = RawConnection::open(&server.address).await;
    connection.send(echo()).await;
    assert!(connection.response().await.head.status().is_success());
    connection.send("POST / HTTP/1.1\r\nhost: a\r\n").await;
    timeout(PATIENCE, connection.read_to_end()).await.unwrap();
}

/// What comes late is counted from the last answer, however long the connection has been there.
#[tokio::test]
async fn a_connection_that_makes_calls_has_the_time_anew_for_each_head() {
    let server = start(&MyNotes::default(), |server| {
        server.header_read_timeout(SHORT * 10)
    })
    .await;
    let mut connection = RawConnection::open(&server.address).await;
    let begin = Instant::now();
    let mut last = begin;
    let mut pause = tokio::time::interval(SHORT);
    while begin.elapsed() < SHORT * 25 {
        pause.tick().await;
        last = Instant::now();
        connection.send(echo()).await;
        assert!(connection.response().await.head.status().is_success());
    }
    assert!(connection.ends().await);
    assert!(last.elapsed() >= SHORT * 10, "{:?}", last.elapsed());
}

#[tokio::test]
async fn a_call_may_take_longer_than_the_head_of_the_next() {
    let notes = MyNotes::default();
    let server = start(&notes, |server| server.header_read_timeout(SHORT)).await;
    let mut connection = RawConnection::open(&server.address).await;
    let body = message("wait");
    let length = format!("content-length: {}\r\n", body.len());
    let head = RawConnection::head("Echo", BINARY, &length);
    connection.send([head.as_bytes(), &body].concat()).await;
    timeout(PATIENCE, notes.waits.notified()).await.unwrap();
    let mut idle = RawConnection::open(&server.address).await;
    idle.send(echo()).await;
    assert!(idle.response().await.head.status().is_success());
    // By then, the time has passed on the other one too.
    assert!(idle.ends().await);
    notes.go_on.notify_one();
    assert!(connection.response().await.head.status().is_success());
    assert!(connection.ends().await);
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_one_with_a_call_is_not() {
    let notes = MyNotes::default();
    let server = start(&notes, |server| server.idle_timeout(SHORT)).await;
    let mut busy = RawConnection::open(&server.address).await;
    let message = note("wait").encode_to_vec();
    let length = format!("content-length: {}\r\n", 5 + message.len());
    let head = RawConnection::head("Echo", "application/grpc-web", &length);
    busy.send(head).await;
    busy.send(
        [
            &[0, 0, 0, 0, u8::try_from(message.len()).unwrap()],
            &message[..],
        ]
        .concat(),
    )
    .await;
    timeout(PATIENCE, notes.waits.notified()).await.unwrap();
    // Two of them, so that the time of the busy one passes more than once.
    for _ in 0..2 {
        let mut idle = RawConnection::open(&server.address).await;
        idle.send(echo()).await;
        assert!(idle.response().await.head.status().is_success());
        assert!(idle.ends().await);
    }
    notes.go_on.notify_one();
    let response = busy.response().await;
    assert_eq!(response.head.headers().get("connection"), None);
    assert!(busy.ends().await, "idle now");
}

#[tokio::test]
async fn an_idle_connection_of_http2_is_closed() {
    let server = start(&MyNotes::default(), |server| server.idle_timeout(SHORT)).await;
    let mut idle = greet_http2(&server).await;
    let mut received = Vec::new();
    let read = timeout(PATIENCE, idle.read_to_end(&mut received)).await;
    read.unwrap().unwrap();
    let goaway = [0, 0, 8, 7, 0];
    assert!(
        received.windows(5).any(|frame| frame == goaway),
        "{received:?}"
    );
}

/// How long an answer is that is longer than what sockets buffer.
const LONG: usize = 24 << 20;

#[derive(Clone)]
struct Long;

impl Service<http::Request<Incoming>> for Long {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Request<Incoming>) -> Self::Future {
        ready(Ok(http::Response::new(Body::full(vec![b'x'; LONG]))))
    }
}

/// Has to be asked twice whether it is ready.
struct Moody {
    router: Router,
    was_asked: bool,
    is_ready: bool,
}

impl Clone for Moody {
    fn clone(&self) -> Self {
        Self {
            router: self.router.clone(),
            was_asked: false,
            is_ready: false,
        }
    }
}

impl Service<http::Request<Incoming>> for Moody {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = <Router as Service<http::Request<Incoming>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if std::mem::replace(&mut self.was_asked, true) {
            self.is_ready = true;
            return Poll::Ready(Ok(()));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn call(&mut self, request: http::Request<Incoming>) -> Self::Future {
        assert!(self.is_ready);
        self.router.call(request)
    }
}

/// Panics when it is called for a stream.
#[derive(Clone)]
struct Panics(Router);

impl Service<http::Request<Incoming>> for Panics {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = <Router as Service<http::Request<Incoming>>>::Future;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Incoming>) -> Self::Future {
        assert_ne!(request.uri().path(), "/calls.Notes/Repeat");
        self.0.call(request)
    }
}

#[tokio::test]
async fn a_service_is_called_when_it_is_ready() {
    let moody = Moody {
        router: Router::new().add_service(NotesServer::new(MyNotes::default())),
        was_asked: false,
        is_ready: false,
    };
    let server = Server::with(|listener| grpcweb_runtime::serve(listener, moody)).await;
    for http2 in [false, true] {
        let client = NotesClient::new(server.channel(http2));
        let reply = timeout(PATIENCE, client.echo(note("a"))).await.unwrap();
        assert_eq!(reply.unwrap().get_ref().text, "a");
    }
}

#[tokio::test]
async fn a_service_that_panics_when_it_is_called_takes_no_other_call_with_it() {
    let notes = MyNotes::default();
    let service = Panics(Router::new().add_service(NotesServer::new(notes.clone())));
    let server = Server::with(|listener| grpcweb_runtime::serve(listener, service)).await;
    let client = NotesClient::new(server.channel(true));
    let waits = tokio::spawn(client.echo(note("wait")));
    timeout(PATIENCE, notes.waits.notified()).await.unwrap();
    let panicked = timeout(PATIENCE, client.repeat(note("a"))).await.unwrap();
    assert!(panicked.is_err());
    notes.go_on.notify_one();
    let waited = timeout(PATIENCE, waits).await.unwrap().unwrap();
    assert_eq!(waited.unwrap().get_ref().text, "wait");
}

/// A server whose answers are long, and which keeps idle connections for a short time.
async fn start_long() -> Server {
    let service = Long;
    Server::with(|listener| grpcweb_runtime::serve(listener, service).idle_timeout(SHORT)).await
}

#[tokio::test]
async fn an_answer_that_is_on_its_way_is_not_idle_over_http1() {
    let server = start_long().await;
    let mut socket = TcpStream::connect(&server.address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    socket.write_all(request).await.unwrap();
    let mut slow = tokio::time::interval(Duration::from_millis(20));
    let mut chunk = vec![0; 256 << 10];
    let mut received = 0;
    while received < LONG {
        let read = timeout(PATIENCE, socket.read(&mut chunk)).await;
        let read = read.unwrap().unwrap();
        assert_ne!(read, 0, "cut after {received} bytes");
        received += read;
        slow.tick().await;
    }
}

#[tokio::test]
async fn an_answer_that_is_on_its_way_is_not_idle_over_http2() {
    let server = start_long().await;
    let socket = TcpStream::connect(&server.address).await.unwrap();
    let (mut client, connection) = h2::client::handshake(socket).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::get("http://a/").body(()).unwrap();
    let (response, _) = client.send_request(request, true).unwrap();
    let mut body = response.await.unwrap().into_body();
    let mut slow = tokio::time::interval(Duration::from_millis(2));
    let mut received = 0;
    while let Some(data) = timeout(PATIENCE, body.data()).await.unwrap() {
        let data = data.unwrap();
        received += data.len();
        body.flow_control().release_capacity(data.len()).unwrap();
        slow.tick().await;
    }
    assert_eq!(received, LONG);
    connection.abort();
}

#[tokio::test]
async fn windows_above_the_greatest_are_the_greatest() {
    for options in [
        Http2Options::new().connection_window(u32::MAX),
        Http2Options::new().stream_window(u32::MAX),
    ] {
        let server = start(&MyNotes::default(), |server| server.http2(options)).await;
        let client = NotesClient::new(server.channel(true));
        client.echo(note("a")).await.unwrap();
    }
}

#[tokio::test]
async fn an_old_connection_takes_no_more_calls_and_ends_those_that_do_not_end() {
    for (http2, protocol) in [
        (false, Protocol::GrpcWeb),
        (true, Protocol::GrpcWebText),
        (true, Protocol::Grpc),
    ] {
        let notes = MyNotes::default();
        let server = start(&notes, |server| {
            server
                .max_connection_age(SHORT)
                .max_connection_age_grace(SHORT)
        })
        .await;
        let client = Client::new(server.channel(http2)).protocol(protocol);
        let client = NotesClient::from(client);
        let stream = client.repeat(stream_that_waits()).await;
        let mut stream = stream.unwrap().into_inner();
        assert!(stream.message().await.unwrap().is_some());
        let status = timeout(PATIENCE, stream.message()).await.unwrap();
        let status = status.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        assert_eq!(
            status.message(),
            "the connection has reached its greatest age"
        );
        assert!(
            client.echo(note("a")).await.is_ok(),
            "on another connection"
        );

        let mut idle = RawConnection::open(&server.address).await;
        idle.send(echo()).await;
        assert!(idle.response().await.head.status().is_success());
        assert!(idle.ends().await);
    }
}

/// The settings that a server sends, by their numbers.
async fn http2_settings(server: &Server) -> Vec<(u16, u32)> {
    let mut socket = greet_http2(server).await;
    let mut head = [0; 9];
    timeout(PATIENCE, socket.read_exact(&mut head))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(head[3], 4, "SETTINGS comes first");
    let mut settings = vec![0; usize::from(head[2])];
    socket.read_exact(&mut settings).await.unwrap();
    let setting = |bytes: &[u8]| {
        let (name, value) = bytes.split_at(2);
        let value = u32::from_be_bytes(value.try_into().unwrap());
        (u16::from_be_bytes(name.try_into().unwrap()), value)
    };
    settings.chunks(6).map(setting).collect()
}

#[tokio::test]
async fn settings_for_http2_reach_the_client() {
    let notes = MyNotes::default();
    let default = http2_settings(&start(&notes, |server| server).await).await;
    assert!(
        default.contains(&(3, 200)) && default.contains(&(4, 1 << 20)),
        "{default:?}"
    );
    let options = Http2Options::new()
        .max_concurrent_streams(7)
        .stream_window(70_000)
        .max_frame_size(1)
        .max_header_list_size(9_000);
    let server = start(&notes, |server| server.http2(options)).await;
    let settings = http2_settings(&server).await;
    for setting in [(3, 7), (4, 70_000), (5, 1 << 14), (6, 9_000)] {
        assert!(settings.contains(&setting), "{setting:?} in {settings:?}");
    }
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_gone() {
    let options = Http2Options::new()
        .keep_alive_interval(SHORT)
        .keep_alive_timeout(SHORT);
    let server = start(&MyNotes::default(), |server| {
        server.first_request_timeout(None).http2(options)
    })
    .await;
    let mut socket = greet_http2(&server).await;
    let mut received = Vec::new();
    // The end comes as a reset where something was left unread.
    let _ = timeout(PATIENCE, socket.read_to_end(&mut received))
        .await
        .unwrap();
    let ping = [0, 0, 8, 6, 0];
    assert!(
        received.windows(5).any(|frame| frame == ping),
        "{received:?}"
    );
}
