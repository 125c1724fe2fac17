//! A channel to several servers.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use calls::proto::calls::Note;
use calls::proto::calls::notes_client::NotesClient;
use calls::proto::calls::notes_server::{Notes, NotesServer};
use calls::{Server, note};
use futures_util::stream;
use grpcweb_runtime::client::{Change, ChannelPhase, Client, RetryPolicy};
use grpcweb_runtime::{Channel, Code, Request, Response, Router, Status, Streaming};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

/// A service that answers with its name.
struct Named(String);

impl Notes for Named {
    async fn echo(&self, _: Request<Note>) -> Result<Response<Note>, Status> {
        Ok(Response::new(note(self.0.clone())))
    }

    /// A first message, and no end.
    async fn repeat(&self, _: Request<Note>) -> Result<Response<Streaming<Note>>, Status> {
        use futures_util::StreamExt as _;
        let first = stream::iter([Ok(note(self.0.clone()))]);
        Ok(Response::new(Streaming::from_stream(
            first.chain(stream::pending()),
        )))
    }

    async fn join(&self, request: Request<Streaming<Note>>) -> Result<Response<Note>, Status> {
        let (mut notes, mut joined) = (request.into_inner(), Note::default());
        while let Some(note) = notes.message().await? {
            joined.text.push_str(&note.text);
        }
        Ok(Response::new(joined))
    }

    async fn chat(
        &self,
        request: Request<Streaming<Note>>,
    ) -> Result<Response<Streaming<Note>>, Status> {
        Ok(Response::new(request.into_inner()))
    }
}

fn router(name: &str) -> Router {
    Router::new().add_service(NotesServer::new(Named(name.to_owned())))
}

async fn named(name: &str) -> Server {
    Server::serve(router(name)).await
}

fn uri(server: &Server) -> String {
    format!("http://{}", server.address)
}

/// Where nobody listens.
async fn dead() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn balanced(http2: bool, uris: &[String]) -> NotesClient<Channel> {
    NotesClient::new(balanced_channel(http2, uris))
}

fn balanced_channel(http2: bool, uris: &[String]) -> Channel {
    let builder = Channel::builder();
    let builder = if http2 {
        builder.http2_prior_knowledge()
    } else {
        builder
    };
    builder.build_balanced(uris).unwrap()
}

async fn who(client: &NotesClient<Channel>) -> Result<String, Status> {
    let reply = timeout(PATIENCE, client.echo(note("who?"))).await.unwrap();
    Ok(reply?.into_inner().text)
}

#[tokio::test]
async fn calls_are_spread_over_the_servers() {
    let servers = [named("a").await, named("b").await, named("c").await];
    for http2 in [false, true] {
        let client = balanced(http2, &servers.each_ref().map(uri));
        let mut seen = HashSet::new();
        for _ in 0..200 {
            seen.insert(who(&client).await.unwrap());
        }
        assert_eq!(seen.len(), 3, "{seen:?}");
    }
}

#[tokio::test]
async fn a_server_that_has_a_stream_to_send_gets_no_other_call_while_one_has_none() {
    let servers = [named("a").await, named("b").await];
    for http2 in [false, true] {
        let client = balanced(http2, &servers.each_ref().map(uri));
        let mut streaming = client.repeat(note("")).await.unwrap().into_inner();
        let busy = streaming.message().await.unwrap().unwrap().text;
        for _ in 0..20 {
            assert_ne!(who(&client).await.unwrap(), busy);
        }
        drop(streaming);
        let mut seen = HashSet::new();
        for _ in 0..200 {
            seen.insert(who(&client).await.unwrap());
        }
        assert!(seen.contains(&busy), "{seen:?}");
    }
}

#[tokio::test]
async fn a_call_goes_to_another_server_where_one_cannot_be_connected_to() {
    let server = named("a").await;
    for http2 in [false, true] {
        // A new channel each time, as the second call of one knows better.
        for _ in 0..10 {
            let client = balanced(http2, &[dead().await, dead().await, uri(&server)]);
            assert_eq!(who(&client).await.unwrap(), "a");
            let notes = Streaming::from_iter(["x", "y", "z"].map(note));
            let joined = timeout(PATIENCE, client.join(notes))
                .await
                .unwrap()
                .unwrap();
            assert_eq!(joined.get_ref().text, "xyz");
        }
    }
}

#[tokio::test]
async fn a_stream_of_requests_is_whole_at_the_server_that_takes_it() {
    let server = named("a").await;
    for _ in 0..10 {
        let client = balanced(false, &[dead().await, uri(&server)]);
        let notes = Streaming::from_iter(["x", "y", "z"].map(note));
        let joined = timeout(PATIENCE, client.join(notes))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(joined.get_ref().text, "xyz");
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_connected_to_is_left_alone_for_a_while() {
    // Takes every connection and drops it in the TLS handshake, so that each attempt is counted.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let broken = format!("https://{}", listener.local_addr().unwrap());
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&attempts);
    let task = tokio::spawn(async move {
        loop {
            drop(listener.accept().await.unwrap());
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let server = named("a").await;
    let key = rcgen::generate_simple_self_signed(["a".to_owned()]).unwrap();
    let builder = Channel::builder().ca_certificate(key.cert.pem());
    let channel = builder.build_balanced([broken, uri(&server)]).unwrap();
    let client = NotesClient::new(channel);
    let started = std::time::Instant::now();
    for _ in 0..100 {
        assert_eq!(who(&client).await.unwrap(), "a");
    }
    // One at first, and one after each rest: a second, two, four.
    let limit = 2 + started.elapsed().as_secs();
    let attempts = attempts.load(Ordering::SeqCst);
    assert!(
        (1..=limit).contains(&(attempts as u64)),
        "{attempts} attempts"
    );
    task.abort();
}

#[tokio::test]
async fn a_call_fails_at_once_where_no_server_is_left_to_try() {
    let uris = [dead().await, dead().await];
    let channel = Channel::balanced(&uris).unwrap();
    let error = channel.connect().await.unwrap_err();
    assert_eq!(error.phase(), ChannelPhase::Connect, "{error:?}");
    let client = NotesClient::new(channel);
    for _ in 0..3 {
        let status = timeout(PATIENCE, client.echo(note("")))
            .await
            .unwrap()
            .unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        let named = uris
            .iter()
            .any(|uri| status.message().contains(&uri["http://".len()..]));
        assert!(named && status.message().contains("refused"), "{status}");
    }
}

#[tokio::test]
async fn a_request_that_a_server_may_have_seen_is_not_sent_to_another() {
    let seen = Arc::new(AtomicUsize::new(0));
    let mut uris = Vec::new();
    for _ in 0..2 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        uris.push(format!("http://{}", listener.local_addr().unwrap()));
        let seen = Arc::clone(&seen);
        tokio::spawn(async move {
            loop {
                let (mut connection, _) = listener.accept().await.unwrap();
                let mut received = Vec::new();
                while !received.ends_with(b"who?") {
                    assert_ne!(connection.read_buf(&mut received).await.unwrap(), 0);
                }
                seen.fetch_add(1, Ordering::SeqCst);
                connection.write_all(b"HTTP/1.1 2").await.unwrap();
            }
        });
    }
    let client = balanced(false, &uris);
    for call in 1..=5 {
        let status = who(&client).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        assert_eq!(seen.load(Ordering::SeqCst), call);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_under_load_costs_a_client_with_retries_no_call() {
    for http2 in [false, true] {
        let (stays, dies) = (named("stays").await, named("dies").await);
        let retries = RetryPolicy::new()
            .assume_idempotent()
            .max_attempts(6)
            .backoff(Duration::from_millis(5), Duration::from_millis(100));
        let channel = balanced_channel(http2, &[uri(&stays), uri(&dies)]);
        let client = NotesClient::from(Client::new(channel).retry(retries));
        let (killed, answered) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicUsize::new(0)),
        );
        let callers = (0..16).map(|_| {
            let (client, killed) = (client.clone(), Arc::clone(&killed));
            let answered = Arc::clone(&answered);
            tokio::spawn(async move {
                let mut after = 0;
                while after < 20 {
                    let began_after = killed.load(Ordering::SeqCst);
                    who(&client).await.unwrap();
                    answered.fetch_add(1, Ordering::SeqCst);
                    after += usize::from(began_after);
                }
            })
        });
        let callers: Vec<_> = callers.collect();
        while answered.load(Ordering::SeqCst) < 200 {
            tokio::task::yield_now().await;
        }
        let address = dies.address.clone();
        drop(dies);
        // Its task has ended once its port is free again.
        while tokio::net::TcpStream::connect(&address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        killed.store(true, Ordering::SeqCst);
        for caller in callers {
            timeout(PATIENCE, caller).await.unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn a_server_that_comes_back_gets_calls_again() {
    let stays = named("stays").await;
    let returns = dead().await;
    let client = balanced(false, &[uri(&stays), returns.clone()]);
    for _ in 0..20 {
        assert_eq!(who(&client).await.unwrap(), "stays");
    }
    let address = returns.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind(address).await.unwrap();
    let server = tokio::spawn(async move {
        let _ = grpcweb_runtime::serve(listener, router("returned")).await;
    });
    let until_it_is_seen = async { while who(&client).await.unwrap() != "returned" {} };
    timeout(PATIENCE, until_it_is_seen).await.unwrap();
    server.abort();
}

/// A channel whose servers the test names.
fn discovered() -> (mpsc::Sender<Change>, NotesClient<Channel>) {
    let (sender, mut receiver) = mpsc::channel(8);
    let changes = stream::poll_fn(move |cx| receiver.poll_recv(cx));
    (sender, NotesClient::new(Channel::discovered(changes)))
}

#[tokio::test]
async fn servers_come_and_go_as_the_stream_says() {
    let (a, b) = (named("a").await, named("b").await);
    let insert = |name: &str, server: &Server| {
        Change::Insert(name.to_owned(), Channel::new(&uri(server)).unwrap())
    };
    let (changes, client) = discovered();
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { who(&client).await }
    });
    changes.send(insert("one", &a)).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), "a");

    changes.send(insert("two", &b)).await.unwrap();
    let until = |name: &'static str| {
        let client = &client;
        async move { while who(client).await.unwrap() != name {} }
    };
    timeout(PATIENCE, until("b")).await.unwrap();

    let mut open = loop {
        let mut stream = client.repeat(note("")).await.unwrap().into_inner();
        if stream.message().await.unwrap().unwrap().text == "a" {
            break stream;
        }
    };
    changes
        .send(Change::Remove("one".to_owned()))
        .await
        .unwrap();
    // The channel's task has read it once the queue is empty and the task waits again.
    while changes.capacity() < changes.max_capacity() {
        tokio::task::yield_now().await;
    }
    tokio::task::yield_now().await;
    for _ in 0..50 {
        assert_eq!(who(&client).await.unwrap(), "b");
    }
    let more = timeout(Duration::from_millis(50), open.message()).await;
    assert!(
        more.is_err(),
        "a call of a server that was removed goes on: {more:?}"
    );

    changes.send(insert("two", &a)).await.unwrap();
    timeout(PATIENCE, until("a")).await.unwrap();
    for _ in 0..50 {
        assert_eq!(who(&client).await.unwrap(), "a");
    }
    drop(changes);
    assert_eq!(who(&client).await.unwrap(), "a");
}

#[tokio::test]
async fn a_stream_that_ends_without_a_server_fails_calls_at_once() {
    let (changes, client) = discovered();
    drop(changes);
    let status = who(&client).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("has ended"), "{status}");
}

#[tokio::test]
async fn the_stream_is_dropped_with_the_last_channel() {
    let (changes, client) = discovered();
    let call = tokio::spawn({
        let client = client.clone();
        async move { who(&client).await }
    });
    let server = named("a").await;
    let channel = Channel::new(&uri(&server)).unwrap();
    changes
        .send(Change::Insert("a".to_owned(), channel))
        .await
        .unwrap();
    call.await.unwrap().unwrap();
    assert!(!changes.is_closed());
    drop(client);
    timeout(PATIENCE, changes.closed()).await.unwrap();
}

#[tokio::test]
async fn a_channel_can_be_one_of_several_servers_itself() {
    let server = named("a").await;
    let inner = Channel::balanced([dead().await, dead().await]).unwrap();
    let changes = [
        Change::Insert("all dead".to_owned(), inner),
        Change::Insert("alive".to_owned(), Channel::new(&uri(&server)).unwrap()),
    ];
    let client = NotesClient::new(Channel::discovered(stream::iter(changes)));
    for _ in 0..10 {
        assert_eq!(who(&client).await.unwrap(), "a");
    }
}

#[test]
fn there_is_nothing_to_balance_without_a_server() {
    let error = Channel::balanced([""; 0]).unwrap_err();
    assert!(error.is_usage(), "{error:?}");
    let error = Channel::balanced(["http://a", "b"]).unwrap_err();
    assert!(
        error.is_usage() && error.to_string().contains("\"b\""),
        "{error:?}"
    );
}

#[test]
fn a_channel_can_be_shared_sent_and_cloned() {
    fn all<T: Clone + Send + Sync + 'static>() {}
    all::<Channel>();
}

#[tokio::test]
async fn a_unary_request_has_a_content_length() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let alive = format!("http://{}", listener.local_addr().unwrap());
    let client = balanced(false, &[dead().await, alive]);
    let call = tokio::spawn(client.echo(note("who?")));
    let (mut connection, _) = listener.accept().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(connection.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    assert!(head.contains("\r\ncontent-length: 11\r\n"), "{head}");
    call.abort();
}
