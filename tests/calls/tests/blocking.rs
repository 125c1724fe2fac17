//! A blocking client against the server, over sockets.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use calls::proto::calls::Note;
use calls::proto::calls::notes_client::NotesBlockingClient;
use calls::proto::calls::notes_server::NotesServer;
use calls::{MyNotes, Server, note};
use futures_util::stream;
use grpcweb_runtime::blocking::Channel;
use grpcweb_runtime::client::{Answered, Client, Interceptor, Next, Outgoing};
use grpcweb_runtime::error_details::{BadRequest, ErrorInfo};
use grpcweb_runtime::{
    Code, CompressionEncoding, Protocol, Request, Router, ServerOptions, Status, Streaming,
};
use tokio::runtime::Runtime;

const PATIENCE: Duration = Duration::from_secs(20);
const SOON: Duration = Duration::from_millis(50);

/// Runs what may hang, on a thread of its own.
fn in_time<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(run()));
    result
        .recv_timeout(PATIENCE)
        .expect("it hangs, or panicked")
}

/// A server on threads of its own, which end with it.
struct Background {
    notes: MyNotes,
    server: Server,
    _runtime: Runtime,
}

impl Background {
    fn start() -> Self {
        // A server that was not told of a deadline, or does not care.
        Self::with(ServerOptions::new().max_timeout(Duration::from_secs(3600)))
    }

    fn with(options: ServerOptions) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let notes = MyNotes::default();
        let service = NotesServer::new(notes.clone()).with_options(options);
        let router = Router::new().add_service(service);
        let server = runtime.block_on(Server::serve(router));
        Self {
            notes,
            server,
            _runtime: runtime,
        }
    }

    fn client(&self) -> Client<Channel> {
        let uri = format!("http://{}", self.server.address);
        Client::new(Channel::builder().no_proxy().build(&uri).unwrap())
    }

    fn notes(&self) -> NotesBlockingClient<Channel> {
        NotesBlockingClient::from(self.client())
    }
}

fn scenario<T>(scenario: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let metadata = request.metadata_mut();
    metadata.insert("scenario", scenario).unwrap();
    request
}

fn counted(count: u32) -> Note {
    Note { count, ..note("a") }
}

fn every_kind(client: &NotesBlockingClient<Channel>) {
    assert_eq!(client.echo(note("a")).unwrap().into_inner(), note("a"));

    let notes = client.repeat(counted(3)).unwrap().into_inner();
    let notes: Vec<_> = notes.map(|note| note.unwrap().count).collect();
    assert_eq!(notes, [1, 2, 3]);

    let joined = client.join([note("a"), note("b")]).unwrap().into_inner();
    assert_eq!((&joined.text[..], joined.count), ("ab", 2));
    let joined = client.join(Vec::<Note>::new()).unwrap().into_inner();
    assert_eq!(joined.count, 0);

    let texts = ["a", "b", "c"];
    let mut notes = client.chat(texts.map(note)).unwrap().into_inner();
    for text in texts {
        assert_eq!(notes.message().unwrap().unwrap().text, text);
    }
    assert!(notes.message().unwrap().is_none() && notes.message().unwrap().is_none());
    assert!(notes.next().is_none());
}

#[test]
fn calls_of_every_kind() {
    let server = Background::start();
    let (binary, text) = (
        server.notes(),
        server.client().protocol(Protocol::GrpcWebText),
    );
    in_time(move || {
        every_kind(&binary);
        every_kind(&NotesBlockingClient::from(text));
    });
}

#[test]
fn a_stream_of_requests_is_an_iterator_of_messages_or_results_or_a_stream_with_metadata_or_not() {
    let server = Background::start();
    let client = server.notes();
    in_time(move || {
        let results = [Ok::<_, Status>(note("a")), Ok(note("b"))];
        let notes = || [note("a"), note("b")];
        for joined in [
            client.join(results.clone()),
            client.join(Request::new(results.to_vec())),
            client.join(Streaming::from_iter(notes())),
            client.join(scenario("none", Streaming::from_iter(notes()))),
            client.join(scenario("none", notes())),
            client.join(notes().into_iter().filter(|_| true)),
        ] {
            assert_eq!(joined.unwrap().get_ref().text, "ab");
        }
        let hangs = scenario("hang", notes()).with_timeout(SOON);
        let status = client.join(hangs).unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
    });
}

#[test]
fn metadata_travels_both_ways() {
    let server = Background::start();
    let client = server.notes();
    in_time(move || {
        let request = |message| {
            let mut request = Request::new(message);
            let metadata = request.metadata_mut();
            for place in ["initial", "trailing"] {
                metadata.append(&format!("x-{place}"), "one").unwrap();
                metadata.append(&format!("x-{place}"), "two").unwrap();
                let bytes = [0, 255, b','];
                metadata
                    .append_bin(&format!("x-{place}-bin"), bytes)
                    .unwrap();
            }
            request
        };
        let response = client.echo(request(note("a"))).unwrap();
        let of = |metadata: &grpcweb_runtime::MetadataMap, place: &str| {
            let texts: Vec<_> = metadata.get_all(&format!("x-{place}")).collect();
            assert_eq!(texts.concat().replace(", ", ""), "onetwo");
            let bytes: Vec<_> = metadata.get_all_bin(&format!("x-{place}-bin")).collect();
            assert_eq!(bytes, [&[0, 255, b','][..]]);
        };
        of(response.metadata(), "initial");
        of(response.trailers(), "trailing");

        let response = client.repeat(request(counted(2))).unwrap();
        of(response.metadata(), "initial");
        let mut notes = response.into_inner();
        assert!(notes.trailers().is_empty());
        assert_eq!(notes.by_ref().count(), 2);
        of(notes.trailers(), "trailing");
    });
}

#[test]
fn errors_come_with_their_details() {
    let server = Background::start();
    let client = server.notes();
    in_time(move || {
        let mut late = client
            .repeat(scenario("fail-at-the-end", counted(2)))
            .unwrap()
            .into_inner();
        assert!(late.next().unwrap().is_ok() && late.next().unwrap().is_ok());
        let late_error = late.next().unwrap().unwrap_err();
        assert!(late.next().is_none());
        assert_eq!(late.message().unwrap_err().code(), late_error.code());

        let at_once = client.repeat(scenario("fail-at-once", counted(2)));
        let at_once = at_once.and_then(|notes| notes.into_inner().collect::<Result<Vec<_>, _>>());
        for status in [
            client.echo(note("fail")).unwrap_err(),
            at_once.unwrap_err(),
            late_error,
        ] {
            assert_eq!(status.code(), Code::FailedPrecondition);
            assert_eq!(status.message(), "100 % naïve:\nno");
            assert!(status.detail::<BadRequest>().is_some(), "{status:?}");
            assert_eq!(status.detail::<ErrorInfo>().unwrap().domain, "calls");
        }
    });
}

#[test]
fn each_message_is_handed_out_when_it_arrives() {
    let server = Background::start();
    let (client, go_on) = (server.notes(), Arc::clone(&server.notes.go_on));
    in_time(move || {
        let request = scenario("wait-after-each", counted(3));
        let mut notes = client.repeat(request).unwrap().into_inner();
        for count in 1..=3 {
            assert_eq!(notes.next().unwrap().unwrap().count, count);
            // The server waits until now with the next one.
            go_on.notify_one();
        }
        assert!(notes.next().is_none());
    });
}

#[test]
fn messages_that_are_dropped_end_the_call() {
    let server = Background::start();
    let client = server.notes();
    let mut notes = in_time(move || {
        let request = scenario("for-ever", note("a"));
        client.repeat(request).unwrap().into_inner()
    });
    assert!(notes.next().unwrap().is_ok());
    drop(notes);
    let dropped = Arc::clone(&server.notes.dropped);
    server._runtime.block_on(async {
        tokio::time::timeout(PATIENCE, dropped.notified())
            .await
            .expect("the server goes on");
    });
}

#[test]
fn a_stream_of_requests_that_fails_breaks_the_call_off_with_its_status() {
    let server = Background::start();
    let client = server.notes();
    in_time(move || {
        let failing = || [Ok(note("a")), Err(Status::aborted("out of paper"))];
        let status = client.join(failing()).unwrap_err();
        assert_eq!(status.code(), Code::Aborted);
        assert_eq!(status.message(), "out of paper");
        let status = client.chat(failing()).unwrap_err();
        assert_eq!(status.code(), Code::Aborted);
        // The connection of neither is used again.
        every_kind(&client);
    });
}

#[test]
fn a_stream_of_requests_may_make_calls_itself() {
    let server = Background::start();
    let client = server.notes();
    in_time(move || {
        let other = client.clone();
        let notes = ["a", "b"].into_iter().map(move |text| {
            let note = other.echo(note(text))?;
            Ok::<_, Status>(note.into_inner())
        });
        let joined = client.join(Request::new(notes).with_timeout(PATIENCE));
        assert_eq!(joined.unwrap().get_ref().text, "ab");
    });
}

fn ends_at_its_deadline<T>(call: impl FnOnce() -> Result<T, Status>) {
    let start = Instant::now();
    let Err(status) = call() else {
        panic!("the call went well");
    };
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    assert!(start.elapsed() >= SOON, "{:?}", start.elapsed());
}

fn deadlines(client: &NotesBlockingClient<Channel>) {
    ends_at_its_deadline(|| client.echo(scenario("hang", note("a")).with_timeout(SOON)));
    ends_at_its_deadline(|| client.join(scenario("hang", [note("a")]).with_timeout(SOON)));

    // Long enough for a busy machine to begin with the answer.
    let timeout = Duration::from_secs(1);
    let start = Instant::now();
    let stalls = scenario("wait-after-each", counted(2)).with_timeout(timeout);
    let mut notes = client.repeat(stalls).unwrap().into_inner();
    assert!(notes.next().unwrap().is_ok());
    let status = notes.next().unwrap().unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    assert!(start.elapsed() >= timeout);
    assert!(notes.next().is_none());

    // A stream of requests that is not there is not waited for any longer either.
    let never = Streaming::from_stream(stream::pending());
    ends_at_its_deadline(|| client.join(Request::new(never).with_timeout(SOON)));
}

#[test]
fn a_call_ends_at_its_deadline_whatever_it_waits_for() {
    let server = Background::start();
    let client = server.notes();
    let of_client = NotesBlockingClient::from(server.client().timeout(SOON));
    in_time(move || {
        deadlines(&client);
        ends_at_its_deadline(|| of_client.echo(scenario("hang", note("a"))));
        let passed = Request::new(note("a")).with_deadline(Instant::now());
        assert_eq!(
            client.echo(passed).unwrap_err().code(),
            Code::DeadlineExceeded
        );
    });
}

#[test]
fn messages_are_compressed_both_ways() {
    let gzip = CompressionEncoding::Gzip;
    let options = ServerOptions::new()
        .accept_compressed(gzip)
        .send_compressed(gzip)
        .compress_above(0);
    let server = Background::with(options);
    let client = server
        .client()
        .send_compressed(gzip)
        .accept_compressed(gzip)
        .compress_above(0);
    in_time(move || every_kind(&NotesBlockingClient::from(client)));
}

#[test]
fn it_does_no_harm_within_a_runtime() {
    let server = Background::start();
    let client = server.notes();
    let current_thread = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
    };
    let multi_thread = || {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
    };
    let paused = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    for runtime in [current_thread(), multi_thread(), paused] {
        let runtime = runtime.unwrap();
        let client = client.clone();
        in_time(move || {
            runtime.block_on(async {
                every_kind(&client);
                deadlines(&client);
                let spawned = tokio::spawn(async move {
                    every_kind(&client);
                    deadlines(&client);
                });
                spawned.await.unwrap();
            });
        });
    }
}

#[test]
fn several_threads_share_a_client() {
    let server = Background::start();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let client = server.notes();
            thread::spawn(move || every_kind(&client))
        })
        .collect();
    in_time(|| {
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap())
    });
}

#[test]
fn it_works_without_a_network_too() {
    let notes = NotesBlockingClient::new(NotesServer::new(MyNotes::default()));
    in_time(move || {
        assert_eq!(notes.echo(note("a")).unwrap().get_ref().text, "a");
        let texts = notes.chat(["a", "b"].map(note)).unwrap().into_inner();
        assert_eq!(
            texts.map(|note| note.unwrap().text).collect::<String>(),
            "ab"
        );
        let hangs = scenario("hang", note("a")).with_timeout(SOON);
        ends_at_its_deadline(|| notes.echo(hangs));
    });
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Interceptor for Log {
    async fn intercept(&self, mut call: Outgoing, next: Next) -> Result<Answered, Status> {
        call.metadata_mut().insert("x-initial", "intercepted")?;
        let (log, path) = (self.0.clone(), call.method().path);
        let answered = next.run(call).await?;
        Ok(answered.when_ended(move |outcome| {
            let ended = format!("{path} {}", outcome.is_ok());
            log.lock().unwrap().push(ended);
        }))
    }
}

#[test]
fn interceptors_see_its_calls() {
    let server = Background::start();
    let log = Log::default();
    let client = NotesBlockingClient::from(server.client().with_interceptor(log.clone()));
    in_time(move || {
        let response = client.echo(note("a")).unwrap();
        assert_eq!(response.metadata().get("x-initial"), Some("intercepted"));
        assert!(client.echo(note("fail")).is_err());
        assert_eq!(client.repeat(counted(2)).unwrap().into_inner().count(), 2);
        let ended = [
            "/calls.Notes/Echo true",
            "/calls.Notes/Echo false",
            "/calls.Notes/Repeat true",
        ];
        assert_eq!(*log.0.lock().unwrap(), ended);
    });
}

#[test]
fn native_grpc_is_refused_with_what_to_do() {
    let server = Background::start();
    let client = NotesBlockingClient::from(server.client().protocol(Protocol::Grpc));
    let status = in_time(move || client.echo(note("a")).unwrap_err());
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().contains("gRPC-Web"), "{status}");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let channel = Channel::builder().no_proxy();
    let channel = channel.build(&format!("http://{address}")).unwrap();
    let client = NotesBlockingClient::new(channel);
    let status = in_time(move || client.echo(note("a")).unwrap_err());
    assert_eq!(status.code(), Code::Unavailable);
    let expected = format!("no connection to {address}: ");
    assert!(status.message().starts_with(&expected), "{status}");
}
