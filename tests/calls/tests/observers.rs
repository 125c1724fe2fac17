//! Code that watches calls.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use calls::proto::calls::Note;
use calls::proto::calls::notes_client::NotesClient;
use calls::proto::calls::notes_server::NotesServer;
use calls::stubs::calls::notes_server as some;
use calls::{MyNotes, Server, note, over_with};
use futures_util::{FutureExt as _, stream};
use grpcweb_runtime::server::{
    CallObserver, Direction, Ending, Observer, Outcome, StartedCall, Traffic,
};
use grpcweb_runtime::{
    Code, MethodDescriptor, Request, Response, Router, ServerOptions, Status, Streaming, serve,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

/// What became of a call.
struct Seen {
    path: String,
    known: bool,
    messages: Arc<Mutex<Vec<(Direction, usize)>>>,
    outcome: Outcome,
}

/// Sends what it saw of each call, once for each time that the call finished.
struct Watch(UnboundedSender<Seen>);

impl Watch {
    fn new() -> (Self, UnboundedReceiver<Seen>) {
        let (send, seen) = unbounded_channel();
        (Self(send), seen)
    }
}

impl Observer for Watch {
    fn started(&self, call: &StartedCall<'_>) -> Box<dyn CallObserver> {
        assert_eq!(call.service().name, "calls.Notes");
        Box::new(WatchCall {
            path: call.path().to_owned(),
            known: call.method().is_some(),
            messages: Arc::default(),
            seen: self.0.clone(),
        })
    }
}

struct WatchCall {
    path: String,
    known: bool,
    messages: Arc<Mutex<Vec<(Direction, usize)>>>,
    seen: UnboundedSender<Seen>,
}

impl CallObserver for WatchCall {
    fn message(&self, direction: Direction, len: usize) {
        self.messages.lock().unwrap().push((direction, len));
    }

    fn finished(&self, outcome: &Outcome) {
        let _ = self.seen.send(Seen {
            path: self.path.clone(),
            known: self.known,
            messages: Arc::clone(&self.messages),
            outcome: outcome.clone(),
        });
    }
}

async fn next(seen: &mut UnboundedReceiver<Seen>, name: &str) -> Seen {
    timeout(PATIENCE, seen.recv())
        .await
        .expect(name)
        .expect("the observer lives as long as the server")
}

fn scenario<T>(message: T, scenario: &str) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("scenario", scenario).unwrap();
    request
}

fn traffic(messages: u64, bytes: u64) -> Traffic {
    Traffic { messages, bytes }
}

fn count(count: u32) -> Note {
    Note {
        count,
        ..Note::default()
    }
}

#[tokio::test]
async fn a_call_of_every_kind_is_told_of_once_with_its_messages() {
    let (watch, mut seen) = Watch::new();
    let options = ServerOptions::new().observer(watch);
    let (_server, clients) = over_with(&MyNotes::default(), options).await;
    for (name, client) in clients {
        client.echo(note("abc")).await.expect(name);
        let call = next(&mut seen, name).await;
        assert_eq!(call.path, "/calls.Notes/Echo", "{name}");
        assert!(call.known, "{name}");
        assert_eq!(call.outcome.code(), Code::Ok, "{name}");
        assert_eq!(call.outcome.ending, Ending::Complete, "{name}");
        assert_eq!(
            *call.messages.lock().unwrap(),
            [(Direction::Received, 5), (Direction::Sent, 5)],
            "{name}"
        );

        let mut repeated = client.repeat(count(3)).await.expect(name).into_inner();
        while repeated.message().await.expect(name).is_some() {}
        let call = next(&mut seen, name).await;
        assert_eq!(call.path, "/calls.Notes/Repeat", "{name}");
        assert_eq!(call.outcome.ending, Ending::Complete, "{name}");
        assert_eq!(call.outcome.received, traffic(1, 2), "{name}");
        assert_eq!(call.outcome.sent, traffic(3, 6), "{name}");

        let texts = Streaming::from_iter([note("a"), note("bc")]);
        client.join(texts).await.expect(name);
        let call = next(&mut seen, name).await;
        assert_eq!(call.path, "/calls.Notes/Join", "{name}");
        assert_eq!(call.outcome.received, traffic(2, 7), "{name}");
        assert_eq!(call.outcome.sent, traffic(1, 7), "{name}");

        let texts = Streaming::from_iter([note("a"), note("bc")]);
        let mut chat = client.chat(texts).await.expect(name).into_inner();
        while chat.message().await.expect(name).is_some() {}
        let call = next(&mut seen, name).await;
        assert_eq!(call.path, "/calls.Notes/Chat", "{name}");
        assert_eq!(call.outcome.code(), Code::Ok, "{name}");
        assert_eq!(call.outcome.received, traffic(2, 7), "{name}");
        assert_eq!(call.outcome.sent, traffic(2, 7), "{name}");
        assert!(seen.try_recv().is_err(), "{name}: told of twice");
    }
}

#[tokio::test]
async fn a_call_that_fails_is_told_of_with_its_code() {
    let (watch, mut seen) = Watch::new();
    let options = ServerOptions::new().observer(watch);
    let (_server, clients) = over_with(&MyNotes::default(), options).await;
    for (name, client) in clients {
        client.echo(note("fail")).await.expect_err(name);
        let call = next(&mut seen, name).await;
        assert_eq!(call.outcome.code(), Code::FailedPrecondition, "{name}");
        assert_eq!(call.outcome.ending, Ending::Complete, "{name}");
        assert_eq!(call.outcome.sent, traffic(0, 0), "{name}");

        let request = scenario(count(2), "fail-at-the-end");
        let mut repeated = client.repeat(request).await.expect(name).into_inner();
        while let Ok(Some(_)) = repeated.message().await {}
        let call = next(&mut seen, name).await;
        let Err(status) = call.outcome.result else {
            panic!("{name}: the call went well");
        };
        assert_eq!(status.code(), Code::FailedPrecondition, "{name}");
        assert_eq!(status.message(), "100 % naïve:\nno", "{name}");
        assert_eq!(call.outcome.sent, traffic(2, 4), "{name}");
    }
}

#[tokio::test]
async fn a_handler_or_a_stream_that_panics_is_told_of_as_such() {
    let (watch, mut seen) = Watch::new();
    let options = ServerOptions::new().observer(watch);
    let (_server, clients) = over_with(&MyNotes::default(), options).await;
    for (name, client) in clients {
        let request = scenario(note("a"), "panic");
        client.echo(request).await.expect_err(name);
        let call = next(&mut seen, name).await;
        assert_eq!(call.outcome.code(), Code::Internal, "{name}");
        assert_eq!(call.outcome.ending, Ending::Panicked, "{name}");

        let request = scenario(count(1), "panic-at-the-end");
        let mut repeated = client.repeat(request).await.expect(name).into_inner();
        while let Ok(Some(_)) = repeated.message().await {}
        let call = next(&mut seen, name).await;
        assert_eq!(call.outcome.code(), Code::Internal, "{name}");
        assert_eq!(call.outcome.ending, Ending::Panicked, "{name}");
        assert_eq!(call.outcome.sent, traffic(1, 2), "{name}");
    }
}

#[tokio::test]
async fn a_call_whose_client_leaves_is_told_of() {
    let notes = MyNotes::default();
    let (watch, mut seen) = Watch::new();
    let options = ServerOptions::new().observer(watch);
    let (_server, clients) = over_with(&notes, options).await;
    for (name, client) in clients {
        let call = tokio::spawn({
            let client = client.clone();
            async move { client.echo(scenario(note("a"), "hang")).await }
        });
        timeout(PATIENCE, notes.waits.notified()).await.expect(name);
        call.abort();
        let call = next(&mut seen, name).await;
        assert_eq!(call.outcome.code(), Code::Cancelled, "{name}");
        assert_eq!(call.outcome.ending, Ending::ClientGone, "{name}");
        assert_eq!(call.outcome.received, traffic(1, 3), "{name}");

        let request = scenario(count(3), "wait-after-each");
        let mut repeated = client.repeat(request).await.expect(name).into_inner();
        repeated.message().await.expect(name).expect(name);
        drop(repeated);
        let call = next(&mut seen, name).await;
        assert_eq!(call.outcome.code(), Code::Cancelled, "{name}");
        assert_eq!(call.outcome.ending, Ending::ClientGone, "{name}");
        assert_eq!(call.outcome.sent, traffic(1, 2), "{name}");
    }
}

#[tokio::test]
async fn a_call_whose_deadline_passes_is_told_of() {
    let (watch, mut seen) = Watch::new();
    let options = ServerOptions::new()
        .timeout(Duration::from_millis(20))
        .observer(watch);
    let (_server, clients) = over_with(&MyNotes::default(), options).await;
    for (name, client) in clients {
        let request = scenario(note("a"), "hang");
        client.echo(request).await.expect_err(name);
        let call = next(&mut seen, name).await;
        assert_eq!(call.outcome.code(), Code::DeadlineExceeded, "{name}");
        assert_eq!(call.outcome.ending, Ending::DeadlineExceeded, "{name}");
        assert!(call.outcome.duration >= Duration::from_millis(20), "{name}");

        let request = scenario(count(3), "wait-after-each");
        let mut repeated = client.repeat(request).await.expect(name).into_inner();
        while let Ok(Some(_)) = repeated.message().await {}
        let call = next(&mut seen, name).await;
        assert_eq!(call.outcome.code(), Code::DeadlineExceeded, "{name}");
        assert_eq!(call.outcome.ending, Ending::DeadlineExceeded, "{name}");
        assert_eq!(call.outcome.sent, traffic(1, 2), "{name}");
    }
}

#[tokio::test]
async fn a_call_that_never_begins_is_told_of() {
    fn refuse(_: &'static MethodDescriptor, _: &mut Request<()>) -> Result<(), Status> {
        Err(Status::unauthenticated("log in first"))
    }
    let (watch, mut seen) = Watch::new();
    let options = ServerOptions::new()
        .method("Join", ServerOptions::new().max_concurrent_calls(0))
        .method("Echo", ServerOptions::new().interceptor(refuse))
        .observer(watch);
    let (_server, clients) = over_with(&MyNotes::default(), options).await;
    for (name, client) in clients {
        client.join(Streaming::from_iter([])).await.expect_err(name);
        let call = next(&mut seen, name).await;
        assert_eq!(call.outcome.code(), Code::ResourceExhausted, "{name}");
        assert_eq!(call.outcome.ending, Ending::Complete, "{name}");

        client.echo(note("a")).await.expect_err(name);
        let call = next(&mut seen, name).await;
        assert_eq!(call.outcome.code(), Code::Unauthenticated, "{name}");
        assert_eq!(call.outcome.received, traffic(0, 0), "{name}");
    }
}

#[tokio::test]
async fn a_method_that_the_service_does_not_have_is_told_of_without_one() {
    use tower_service::Service as _;

    let (watch, mut seen) = Watch::new();
    let options = ServerOptions::new().observer(watch);
    let mut server = NotesServer::new(MyNotes::default()).with_options(options);
    let request = http::Request::post("/calls.Notes/Shout")
        .header("content-type", "application/grpc-web+proto")
        .body(grpcweb_runtime::Body::empty())
        .unwrap();
    let response = server.call(request).await.unwrap();
    assert!(seen.try_recv().is_err(), "its response has not left yet");
    drop(response);
    let call = next(&mut seen, "in process").await;
    assert_eq!(call.path, "/calls.Notes/Shout");
    assert!(!call.known);
    assert_eq!(call.outcome.code(), Code::Unimplemented);
    assert_eq!(call.outcome.ending, Ending::ClientGone);
}

#[tokio::test]
async fn a_stream_that_nobody_reads_is_told_of_at_its_deadline() {
    let (watch, mut seen) = Watch::new();
    let options = ServerOptions::new()
        .timeout(Duration::from_millis(50))
        .observer(watch);
    let (_server, clients) = over_with(&MyNotes::default(), options).await;
    for (name, client) in clients {
        let request = scenario(note("a".repeat(1024)), "for-ever");
        let unread = client.repeat(request).await.expect(name);
        let call = next(&mut seen, name).await;
        assert_eq!(call.outcome.code(), Code::DeadlineExceeded, "{name}");
        assert_eq!(call.outcome.ending, Ending::DeadlineExceeded, "{name}");
        drop(unread);
    }
}

#[tokio::test]
async fn a_call_that_the_server_ends_when_it_shuts_down_is_told_of() {
    let (watch, mut seen) = Watch::new();
    let notes = MyNotes::default();
    let service =
        NotesServer::new(notes.clone()).with_options(ServerOptions::new().observer(watch));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = Server::with(|listener| {
        serve(listener, Router::new().add_service(service))
            .with_graceful_shutdown(async { stopped.await.unwrap_or_default() })
            .grace_period(Duration::ZERO)
    })
    .await;
    let client = NotesClient::new(server.channel(false));
    let call = tokio::spawn(client.echo(scenario(note("a"), "hang")));
    timeout(PATIENCE, notes.waits.notified()).await.unwrap();
    stop.send(()).unwrap();
    let seen = next(&mut seen, "HTTP/1.1").await;
    assert_eq!(seen.outcome.code(), Code::Unavailable);
    assert_eq!(seen.outcome.ending, Ending::Shutdown);
    assert_eq!(call.await.unwrap().unwrap_err().code(), Code::Unavailable);
}

/// Panics when it is dropped, unless the thread panics already.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "swordfish");
    }
}

/// Leaves something behind: a bomb that is dropped with the handler, or its request in another task.
struct Careless(UnboundedSender<Request<Streaming<Note>>>);

impl some::Notes for Careless {
    async fn echo(&self, _: Request<Note>) -> Result<Response<Note>, Status> {
        let _bomb = Bomb;
        std::future::pending().await
    }

    async fn join(&self, request: Request<Streaming<Note>>) -> Result<Response<Note>, Status> {
        let _ = self.0.send(request);
        Ok(Response::new(note("")))
    }
}

#[tokio::test]
async fn a_handler_that_panics_when_it_is_dropped_is_told_of_and_fails_nothing_else() {
    let (watch, mut seen) = Watch::new();
    let options = ServerOptions::new()
        .timeout(Duration::from_millis(20))
        .observer(watch);
    let (left, _requests) = unbounded_channel();
    let service = some::NotesServer::new(Careless(left)).with_options(options);
    let server = Server::serve(Router::new().add_service(service)).await;
    for http2 in [false, true] {
        let client = NotesClient::new(server.channel(http2));
        for _ in 0..2 {
            let status = client.echo(note("a")).await.unwrap_err();
            assert_eq!(status.code(), Code::Internal, "{status}");
            let call = next(&mut seen, "panics").await;
            assert_eq!(call.outcome.ending, Ending::Panicked);
        }
    }
}

#[tokio::test]
async fn what_a_handler_left_to_a_task_is_told_to_nobody_once_the_call_has_ended() {
    let (watch, mut seen) = Watch::new();
    let (left, mut requests) = unbounded_channel();
    let options = ServerOptions::new().observer(watch);
    let service = some::NotesServer::new(Careless(left)).with_options(options);
    let client = NotesClient::new(service);
    let texts = Streaming::from_iter([note("a"), note("b")]);
    client.join(texts).await.unwrap();
    let call = next(&mut seen, "in process").await;
    assert_eq!(call.outcome.received, traffic(0, 0));
    let mut request = requests.recv().await.unwrap();
    // Whether it is still there is up to the transport.
    let _ = request.get_mut().message().await;
    assert_eq!(Arc::strong_count(&call.messages), 1, "the observer is gone");
    assert_eq!(*call.messages.lock().unwrap(), [(Direction::Sent, 0)]);
}

/// Panics wherever it can.
struct Clumsy(&'static str);

impl Observer for Clumsy {
    fn started(&self, _: &StartedCall<'_>) -> Box<dyn CallObserver> {
        assert_ne!(self.0, "started");
        Box::new(Self(self.0))
    }
}

impl CallObserver for Clumsy {
    fn message(&self, _: Direction, _: usize) {
        assert_ne!(self.0, "message");
    }

    fn within(&self, poll: &mut dyn FnMut()) {
        assert_ne!(self.0, "within, before");
        if self.0 != "within, without" {
            poll();
        }
        if self.0 == "within, twice" {
            poll();
        }
        assert_ne!(self.0, "within, after");
    }

    fn finished(&self, _: &Outcome) {
        assert_ne!(self.0, "finished");
    }
}

/// None can fail a call, nor keep it from the others.
#[tokio::test]
async fn an_observer_that_panics_harms_nobody() {
    for place in [
        "started",
        "message",
        "within, before",
        "within, without",
        "within, twice",
        "within, after",
        "finished",
    ] {
        let (watch, mut seen) = Watch::new();
        let options = ServerOptions::new()
            .observer(Clumsy(place))
            .observer(watch)
            .observer(Clumsy(place));
        let service = NotesServer::new(MyNotes::default()).with_options(options);
        let client = NotesClient::new(service);
        client.echo(note("abc")).await.expect(place);
        let mut repeated = client.repeat(count(2)).await.expect(place).into_inner();
        while repeated.message().await.expect(place).is_some() {}
        for sent in [traffic(1, 5), traffic(2, 4)] {
            let call = next(&mut seen, place).await;
            assert_eq!(call.outcome.code(), Code::Ok, "{place}");
            assert_eq!(call.outcome.ending, Ending::Complete, "{place}");
            assert_eq!(call.outcome.sent, sent, "{place}");
        }
    }
}

tokio::task_local! {
    static PATH: String;
}

/// Says which call's code runs.
struct Scope;

impl Observer for Scope {
    fn started(&self, call: &StartedCall<'_>) -> Box<dyn CallObserver> {
        Box::new(ScopeCall(call.path().to_owned()))
    }
}

struct ScopeCall(String);

impl CallObserver for ScopeCall {
    fn within(&self, poll: &mut dyn FnMut()) {
        PATH.sync_scope(self.0.clone(), poll);
    }

    fn finished(&self, _: &Outcome) {}
}

/// Tells callers which call's code it takes itself for.
struct WhereAmI;

impl some::Notes for WhereAmI {
    async fn echo(&self, _: Request<Note>) -> Result<Response<Note>, Status> {
        tokio::task::yield_now().await;
        Ok(Response::new(note(PATH.get())))
    }

    async fn repeat(&self, _: Request<Note>) -> Result<Response<Streaming<Note>>, Status> {
        let path = stream::once(async { Ok(note(PATH.get())) });
        Ok(Response::new(Streaming::from_stream(path)))
    }
}

#[tokio::test]
async fn interceptors_handlers_and_streams_run_within_what_an_observer_enters() {
    let paths = Arc::new(Mutex::new(vec![]));
    let seen = Arc::clone(&paths);
    let keep_path = move |_: &'static MethodDescriptor, _: &mut Request<()>| {
        seen.lock().unwrap().push(PATH.get());
        Ok(())
    };
    let options = ServerOptions::new().observer(Scope).interceptor(keep_path);
    let client = NotesClient::new(some::NotesServer::new(WhereAmI).with_options(options));
    let reply = client.echo(note("")).await.unwrap();
    assert_eq!(reply.get_ref().text, "/calls.Notes/Echo");
    let mut replies = client.repeat(note("")).await.unwrap().into_inner();
    let reply = replies.message().await.unwrap().unwrap();
    assert_eq!(reply.text, "/calls.Notes/Repeat");
    assert_eq!(
        *paths.lock().unwrap(),
        ["/calls.Notes/Echo", "/calls.Notes/Repeat"]
    );
}

/// Says in which call it is dropped.
struct Left(UnboundedSender<Option<String>>);

impl Drop for Left {
    fn drop(&mut self) {
        let _ = self.0.send(PATH.try_with(Clone::clone).ok());
    }
}

/// Never comes to an end.
struct Waits(UnboundedSender<Option<String>>);

impl some::Notes for Waits {
    async fn echo(&self, _: Request<Note>) -> Result<Response<Note>, Status> {
        let _left = Left(self.0.clone());
        std::future::pending().await
    }

    async fn repeat(&self, _: Request<Note>) -> Result<Response<Streaming<Note>>, Status> {
        let left = Left(self.0.clone());
        let never = stream::once(async move {
            let _left = left;
            std::future::pending().await
        });
        Ok(Response::new(Streaming::from_stream(never)))
    }
}

#[tokio::test]
async fn what_a_client_that_leaves_lets_drop_is_dropped_within_what_an_observer_enters() {
    let observed = ServerOptions::new().observer(Scope);
    let limited = observed.clone().timeout(Duration::from_secs(3600));
    for options in [observed, limited] {
        let (left, mut dropped) = unbounded_channel();
        let client = NotesClient::new(some::NotesServer::new(Waits(left)).with_options(options));
        assert!(client.echo(note("")).now_or_never().is_none());
        assert_eq!(dropped.try_recv(), Ok(Some("/calls.Notes/Echo".to_owned())));
        drop(client.repeat(note("")).await.unwrap());
        let path = "/calls.Notes/Repeat".to_owned();
        assert_eq!(dropped.try_recv(), Ok(Some(path)));
    }
}

#[tokio::test]
async fn what_the_deadline_lets_drop_is_dropped_within_what_an_observer_enters() {
    let options = ServerOptions::new().observer(Scope);
    let options = options.timeout(Duration::from_millis(20));
    let (left, mut dropped) = unbounded_channel();
    let client = NotesClient::new(some::NotesServer::new(Waits(left)).with_options(options));
    let status = client.echo(note("")).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    let _unread = client.repeat(note("")).await.unwrap();
    for method in ["Echo", "Repeat"] {
        let path = timeout(PATIENCE, dropped.recv()).await.unwrap();
        assert_eq!(path, Some(Some(format!("/calls.Notes/{method}"))));
    }
}
