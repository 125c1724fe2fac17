//! Limits on how often calls are made.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use calls::proto::calls::Note;
use calls::proto::calls::notes_client::{NotesBlockingClient, NotesClient};
use calls::proto::calls::notes_server::{Notes, NotesServer};
use calls::{AnyTransport, MyNotes, Server, note, over_with};
use grpcweb_runtime::error_details::RetryInfo;
use grpcweb_runtime::rate_limit::{Counter, Decision, Hit, RateLimit, Store};
use grpcweb_runtime::{
    BoxError, Code, ConnectionInfo, Request, Response, Router, ServerOptions, Status, Streaming,
    blocking,
};

/// A time that stands still until it is told to go on.
#[derive(Clone)]
struct Clock(Arc<AtomicU64>);

impl Clock {
    fn new() -> Self {
        Self(Arc::new(AtomicU64::new(1_700_000_001)))
    }

    fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    fn of(&self, limit: RateLimit) -> RateLimit {
        let seconds = Arc::clone(&self.0);
        limit.clock(move || {
            SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.load(Ordering::SeqCst))
        })
    }

    fn per_minute(&self, calls: u32) -> RateLimit {
        self.of(RateLimit::per_window(calls, Duration::from_secs(60)))
    }
}

/// A call as of this tenant.
fn of<T>(tenant: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("x-tenant", tenant).unwrap();
    request
}

fn assert_refused(refused: Result<Response<Note>, Status>, name: &str) -> Status {
    let status = refused.expect_err(name);
    assert_eq!(status.code(), Code::ResourceExhausted, "{name}: {status}");
    status
}

/// How long a client is told to wait.
fn retry_delay(status: &Status) -> Duration {
    let info: RetryInfo = status.detail().expect("a RetryInfo");
    info.retry_delay.unwrap().try_into().unwrap()
}

async fn first(
    called: Result<Response<Streaming<Note>>, Status>,
) -> Result<Response<Note>, Status> {
    let message = called?.into_inner().message().await?;
    Ok(Response::new(message.expect("a message")))
}

async fn call_of_every_kind(
    client: &NotesClient<AnyTransport>,
) -> [Result<Response<Note>, Status>; 4] {
    let texts = || Streaming::from_iter([note("a")]);
    let counted = Note {
        count: 1,
        ..note("a")
    };
    [
        client.echo(note("a")).await,
        first(client.repeat(counted).await).await,
        client.join(texts()).await,
        first(client.chat(texts()).await).await,
    ]
}

#[tokio::test]
async fn calls_too_many_are_refused_with_when_to_try_again_over_every_transport() {
    let clock = Clock::new();
    let limit = clock.per_minute(3).by_header("x-tenant").by_method();
    let options = ServerOptions::new().interceptor(limit);
    let (_server, clients) = over_with(&MyNotes::default(), options).await;
    for (name, client) in clients {
        for _ in 0..3 {
            client.echo(of(name, note("a"))).await.expect(name);
        }
        for _ in 0..2 {
            let status = assert_refused(client.echo(of(name, note("a"))).await, name);
            // 1,700,000,001 is 21 s into its minute.
            assert_eq!(
                status.message(),
                "the limit of 3 calls in 60s is reached: try again in 39s",
                "{name}"
            );
            let delay = Duration::from_secs(39) + Duration::from_nanos(1);
            assert_eq!(retry_delay(&status), delay, "{name}");
        }
        let other = format!("{name}, another one");
        client.echo(of(&other, note("a"))).await.expect(name);
        let other_method = client.join(of(name, Streaming::from_iter([])));
        other_method.await.expect(name);
    }
}

#[tokio::test]
async fn calls_of_every_kind_are_limited() {
    let limit = RateLimit::per_window(1, Duration::from_secs(60));
    let clock = Clock::new();
    let options = ServerOptions::new().interceptor(clock.of(limit).by_method());
    let (_server, clients) = over_with(&MyNotes::default(), options).await;
    for (name, client) in clients {
        for passed in call_of_every_kind(&client).await {
            passed.expect(name);
        }
        for refused in call_of_every_kind(&client).await {
            let status = assert_refused(refused, name);
            assert!(status.detail::<RetryInfo>().is_some(), "{name}");
        }
        clock.advance(60);
    }
}

#[test]
fn a_blocking_client_is_told_too() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let options = ServerOptions::new().interceptor(Clock::new().per_minute(1).by_client_ip());
    let service = NotesServer::new(MyNotes::default()).with_options(options);
    let server = runtime.block_on(Server::serve(Router::new().add_service(service)));
    let uri = format!("http://{}", server.address);
    let channel = blocking::Channel::builder().no_proxy().build(&uri).unwrap();
    let client = NotesBlockingClient::new(channel);
    client.echo(note("a")).unwrap();
    let status = assert_refused(client.echo(note("a")), "blocking");
    assert!(retry_delay(&status) > Duration::from_secs(38), "{status}");
}

#[tokio::test]
async fn calls_pass_again_in_the_next_window_or_when_they_have_paid() {
    let clock = Clock::new();
    let spaced = clock.of(RateLimit::gcra(1, Duration::from_secs(10), 2));
    for (limit, wait) in [(clock.per_minute(2), 60), (spaced, 10)] {
        let options = ServerOptions::new().interceptor(limit);
        let client = NotesClient::new(NotesServer::new(MyNotes::default()).with_options(options));
        client.echo(note("a")).await.unwrap();
        client.echo(note("a")).await.unwrap();
        for _ in 0..3 {
            let status = assert_refused(client.echo(note("a")).await, "at once");
            assert!(
                retry_delay(&status) <= Duration::from_secs(wait),
                "{status}"
            );
        }
        clock.advance(wait);
        client.echo(note("a")).await.unwrap();
    }
}

#[tokio::test]
async fn clients_are_told_apart_by_their_networks() {
    let limit = Clock::new().per_minute(1).by_client_ip();
    let options = ServerOptions::new().interceptor(limit);
    let service = NotesServer::new(MyNotes::default()).with_options(options);
    let client = NotesClient::new(service);
    let call = async |from: &str| {
        let mut request = Request::new(note("a"));
        let info = ConnectionInfo::new(from.parse().ok());
        request.extensions_mut().insert(info);
        client.echo(request).await
    };
    for (from, same) in [
        ("192.0.2.1:1", "192.0.2.1:2"),
        ("192.0.2.2:1", "[::ffff:192.0.2.2]:1"),
        ("[2001:db8::1]:1", "[2001:db8::2]:1"),
        ("[2001:db8:0:1::1]:1", "[2001:db8:0:1:2::]:1"),
        // Who is not known is not let pass.
        ("a socket", "another socket"),
    ] {
        call(from).await.expect(from);
        assert_refused(call(same).await, same);
    }
}

#[tokio::test]
async fn calls_without_the_header_are_counted_together() {
    let limit = Clock::new().per_minute(1).by_header("x-tenant");
    let options = ServerOptions::new().interceptor(limit);
    let client = NotesClient::new(NotesServer::new(MyNotes::default()).with_options(options));
    client.echo(note("a")).await.unwrap();
    assert_refused(client.echo(note("b")).await, "no header");
    client.echo(of("", note("a"))).await.unwrap();
}

#[tokio::test]
async fn a_closure_sees_the_method_and_what_interceptors_found_out() {
    #[derive(Clone)]
    struct User(u64);

    let limit = Clock::new().per_minute(1).key(|method, request| {
        let user = request.extensions().get::<User>().map(|user| user.0);
        (method.path, user)
    });
    let options = ServerOptions::new()
        .interceptor(|_: &'static _, request: &mut Request<()>| {
            let user = request.metadata().get("x-tenant").map(str::len);
            let user = user.ok_or_else(|| Status::unauthenticated("who is it?"))?;
            request.extensions_mut().insert(User(user as u64));
            Ok(())
        })
        .interceptor(limit);
    let client = NotesClient::new(NotesServer::new(MyNotes::default()).with_options(options));
    client.echo(of("a", note("a"))).await.unwrap();
    assert_refused(client.echo(of("b", note("a"))).await, "the same user");
    client.echo(of("ab", note("a"))).await.unwrap();
    let texts = Streaming::from_iter([]);
    client.join(of("a", texts)).await.unwrap();
}

#[tokio::test]
async fn limits_stand_behind_each_other() {
    let clock = Clock::new();
    let method = ServerOptions::new().interceptor(clock.per_minute(2));
    let service = NotesServer::new(MyNotes::default())
        .with_options(ServerOptions::new().method("Echo", method));
    let router = Router::new()
        .add_service(service)
        .with_options(ServerOptions::new().interceptor(clock.per_minute(4)));
    let client = NotesClient::new(router);
    client.echo(note("a")).await.unwrap();
    client.echo(note("a")).await.unwrap();
    let status = assert_refused(client.echo(note("a")).await, "the method's");
    assert!(status.message().contains("2 calls"), "{status}");
    // The router's has counted three.
    client.join(Streaming::from_iter([])).await.unwrap();
    let refused = client.join(Streaming::from_iter([])).await;
    let status = assert_refused(refused, "the router's");
    assert!(status.message().contains("4 calls"), "{status}");
}

#[tokio::test]
async fn clones_count_together_and_others_do_not() {
    let clock = Clock::new();
    let shared = clock.per_minute(1);
    let with = |limit: &RateLimit| ServerOptions::new().interceptor(limit.clone());
    let options = ServerOptions::new()
        .method("Echo", with(&shared))
        .method("Join", with(&shared))
        .method("Repeat", with(&clock.per_minute(1)));
    let client = NotesClient::new(NotesServer::new(MyNotes::default()).with_options(options));
    client.echo(note("a")).await.unwrap();
    let refused = client.join(Streaming::from_iter([])).await;
    assert_refused(refused, "the same limit");
    client.repeat(note("a")).await.unwrap();
}

/// Limits what is said, by what it is.
#[derive(Clone)]
struct Choosy {
    limit: RateLimit,
    notes: MyNotes,
}

impl Notes for Choosy {
    async fn echo(&self, request: Request<Note>) -> Result<Response<Note>, Status> {
        let note = request.get_ref();
        self.limit.check(&(&note.text, &note.data[..])).await?;
        self.notes.echo(request).await
    }

    async fn repeat(&self, request: Request<Note>) -> Result<Response<Streaming<Note>>, Status> {
        self.notes.repeat(request).await
    }

    async fn join(&self, request: Request<Streaming<Note>>) -> Result<Response<Note>, Status> {
        let mut notes = request.into_inner();
        while let Some(note) = notes.message().await? {
            self.limit.check(&note.text).await?;
        }
        Ok(Response::new(Note::default()))
    }

    async fn chat(
        &self,
        request: Request<Streaming<Note>>,
    ) -> Result<Response<Streaming<Note>>, Status> {
        self.notes.chat(request).await
    }
}

#[tokio::test]
async fn a_handler_limits_by_what_is_in_the_message() {
    let service = Choosy {
        limit: Clock::new().per_minute(1),
        notes: MyNotes::default(),
    };
    let server = Server::serve(Router::new().add_service(NotesServer::new(service))).await;
    for (name, http2) in [("HTTP/1.1", false), ("HTTP/2", true)] {
        let client = NotesClient::new(server.channel(http2));
        let said = |text: &str, data: &str| Note {
            text: format!("{name}{text}"),
            data: data.as_bytes().to_vec().into(),
            ..Note::default()
        };
        client.echo(said("a", "bc")).await.expect(name);
        client.echo(said("ab", "c")).await.expect(name);
        let refused = client.echo(said("a", "bc")).await;
        let status = assert_refused(refused, name);
        assert!(retry_delay(&status) > Duration::ZERO, "{name}");

        let different = [said("a", ""), said("b", "")];
        client
            .join(Streaming::from_iter(different))
            .await
            .expect(name);
        let same = [said("c", ""), said("c", "")];
        assert_refused(client.join(Streaming::from_iter(same)).await, name);
    }
}

#[tokio::test]
async fn calls_at_once_get_what_the_limit_says_and_no_more() {
    let options = ServerOptions::new().interceptor(Clock::new().per_minute(10));
    let service = NotesServer::new(MyNotes::default()).with_options(options);
    let server = Server::serve(Router::new().add_service(service)).await;
    let client = NotesClient::new(server.channel(true));
    let calls = (0..50).map(|_| client.echo(note("a")));
    let results = futures_util::future::join_all(calls).await;
    let passed = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(passed, 10);
}

/// A store that others share, and that may be down.
#[derive(Default)]
struct Shared {
    counters: Mutex<HashMap<Vec<u8>, [u8; 12]>>,
    is_down: bool,
}

impl Store for Shared {
    async fn hit(&self, hit: Hit<'_>) -> Result<Decision, BoxError> {
        tokio::task::yield_now().await;
        if self.is_down {
            return Err("the store is down".into());
        }
        let mut counters = self.counters.lock().unwrap();
        let bytes = counters.entry(hit.key().to_vec()).or_default();
        let mut counter = Counter::from_bytes(*bytes);
        let decision = counter.count(hit.quota(), hit.now());
        *bytes = counter.to_bytes();
        Ok(decision)
    }
}

#[tokio::test]
async fn limits_with_a_store_and_a_name_in_common_count_together() {
    let clock = Clock::new();
    let store = Arc::new(Shared::default());
    let client = |calls, name: &str| {
        let limit = clock.per_minute(calls).store(name, Arc::clone(&store));
        let options = ServerOptions::new().interceptor(limit);
        NotesClient::new(NotesServer::new(MyNotes::default()).with_options(options))
    };
    client(1, "a").echo(note("a")).await.unwrap();
    assert_refused(client(1, "a").echo(note("a")).await, "the same");
    client(1, "b").echo(note("a")).await.unwrap();
    client(2, "a").echo(note("a")).await.unwrap();
    clock.advance(60);
    client(1, "a").echo(note("a")).await.unwrap();
}

#[tokio::test]
async fn where_the_store_fails_calls_pass_unless_it_was_said_otherwise() {
    let down = || {
        let store = Shared {
            is_down: true,
            ..Shared::default()
        };
        Clock::new().per_minute(0).store("a", store)
    };
    let client = |limit| {
        let options = ServerOptions::new().interceptor(limit);
        NotesClient::new(NotesServer::new(MyNotes::default()).with_options(options))
    };
    client(down()).echo(note("a")).await.unwrap();

    let closed = client(down().fail_closed());
    let status = closed.echo(note("a")).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(!status.message().contains("down"), "{status}");

    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let open = client(down().on_store_error(move |error| {
        tell.lock().unwrap().push(error.to_string());
        Ok(())
    }));
    open.echo(note("a")).await.unwrap();
    assert_eq!(*told.lock().unwrap(), ["the store is down"]);
}
