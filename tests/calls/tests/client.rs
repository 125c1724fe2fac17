//! What a client does beside sending a message: deadlines, retries, interceptors, compression.

use std::future::{Ready, ready};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use calls::proto::calls::Note;
use calls::proto::calls::notes_client::NotesClient;
use calls::proto::calls::notes_server::{Notes, NotesServer};
use calls::{MyNotes, Server, note, over, over_with};
use futures_util::stream;
use grpcweb_runtime::CompressionEncoding::{Brotli, Deflate, Gzip, Snappy, Zstd};
use grpcweb_runtime::client::{Answered, Client, Interceptor, Next, Outgoing, RetryPolicy};
use grpcweb_runtime::{
    Body, Code, MetadataMap, Protocol, Request, Response, Router, ServerOptions, Status, Streaming,
};
use http::header::{CONTENT_TYPE, HeaderValue};
use http_body::Frame;
use http_body_util::StreamBody;
use tokio::time::timeout;
use tower_service::Service;

const PATIENCE: Duration = Duration::from_secs(10);
const SOON: Duration = Duration::from_millis(50);

fn scenario<T>(scenario: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let metadata = request.metadata_mut();
    metadata.insert("scenario", scenario).unwrap();
    request
}

/// A service that fails a number of times before it goes well, and keeps what it was asked.
#[derive(Clone, Default)]
struct Flaky {
    failures: Arc<AtomicUsize>,
    code: Option<Code>,
    after_a_message: bool,
    asked: Arc<Mutex<Vec<MetadataMap>>>,
}

impl Flaky {
    fn failing(times: usize) -> Self {
        Self {
            failures: Arc::new(AtomicUsize::new(times)),
            ..Self::default()
        }
    }

    fn attempts(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn check<T>(&self, request: &Request<T>) -> Result<(), Status> {
        self.asked.lock().unwrap().push(request.metadata().clone());
        let left = &self.failures;
        let fewer = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        if fewer.is_err() {
            return Ok(());
        }
        let code = self.code.unwrap_or(Code::Unavailable);
        Err(Status::new(code, "try again"))
    }
}

impl Notes for Flaky {
    async fn echo(&self, request: Request<Note>) -> Result<Response<Note>, Status> {
        self.check(&request)?;
        Ok(Response::new(request.into_inner()))
    }

    async fn repeat(&self, request: Request<Note>) -> Result<Response<Streaming<Note>>, Status> {
        let checked = self.check(&request);
        let note = Ok(request.into_inner());
        let messages = match (checked, self.after_a_message) {
            (Ok(()), _) => vec![note],
            (Err(status), true) => vec![note, Err(status)],
            (Err(status), false) => vec![Err(status)],
        };
        Ok(Response::new(Streaming::from_stream(stream::iter(
            messages,
        ))))
    }

    async fn join(&self, request: Request<Streaming<Note>>) -> Result<Response<Note>, Status> {
        self.check(&request)?;
        Ok(Response::new(note("joined")))
    }

    async fn chat(
        &self,
        request: Request<Streaming<Note>>,
    ) -> Result<Response<Streaming<Note>>, Status> {
        self.check(&request)?;
        Ok(Response::new(request.into_inner()))
    }
}

fn quick() -> RetryPolicy {
    RetryPolicy::new().backoff(Duration::from_millis(1), Duration::from_millis(5))
}

fn client(flaky: &Flaky, policy: RetryPolicy) -> NotesClient<NotesServer<Flaky>> {
    let transport = NotesServer::new(flaky.clone());
    NotesClient::from(Client::new(transport).retry(policy))
}

/// Known mistake 48.
#[tokio::test]
async fn a_call_ends_at_its_timeout_though_the_server_never_answers() {
    let notes = MyNotes::default();
    // A server that was not told, or does not care.
    let options = ServerOptions::new().max_timeout(Duration::from_secs(3600));
    let (_server, clients) = over_with(&notes, options).await;
    for (name, client) in clients {
        let calls = [
            Box::pin(client.echo(scenario("hang", note("a")).with_timeout(SOON)))
                as std::pin::Pin<Box<dyn Future<Output = _>>>,
            Box::pin(
                client.join(scenario("hang", Streaming::from_iter([note("a")])).with_timeout(SOON)),
            ),
        ];
        for call in calls {
            let status = timeout(PATIENCE, call).await.expect(name).unwrap_err();
            assert_eq!(status.code(), Code::DeadlineExceeded, "{name}: {status}");
        }
        let waiting = scenario(
            "wait-after-each",
            Note {
                count: 2,
                ..note("a")
            },
        );
        let stream = client.repeat(waiting.with_timeout(SOON)).await;
        let mut stream = stream.unwrap().into_inner();
        assert!(stream.message().await.unwrap().is_some(), "{name}");
        let end = timeout(PATIENCE, stream.message()).await.expect(name);
        assert_eq!(end.unwrap_err().code(), Code::DeadlineExceeded, "{name}");
        let again = stream.message().await.unwrap_err();
        assert_eq!(again.code(), Code::DeadlineExceeded, "{name}");
    }
}

/// A transport that takes requests and never answers.
#[derive(Clone, Default)]
struct Silent(Arc<AtomicUsize>);

impl tower_service::Service<http::Request<grpcweb_runtime::Body>> for Silent {
    type Response = http::Response<grpcweb_runtime::Body>;
    type Error = std::convert::Infallible;
    type Future = std::future::Pending<Result<Self::Response, Self::Error>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Self::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Request<grpcweb_runtime::Body>) -> Self::Future {
        self.0.fetch_add(1, Ordering::SeqCst);
        std::future::pending()
    }
}

#[tokio::test]
async fn the_timeout_of_a_client_is_for_calls_that_have_none() {
    let client = NotesClient::from(Client::new(Silent::default()).timeout(SOON));
    let call = timeout(PATIENCE, client.echo(note("a"))).await.unwrap();
    assert_eq!(call.unwrap_err().code(), Code::DeadlineExceeded);

    let long = Request::new(note("a")).with_timeout(Duration::from_secs(3600));
    assert!(timeout(4 * SOON, client.echo(long)).await.is_err());
}

#[tokio::test]
async fn a_deadline_that_has_passed_fails_the_call_before_anything_is_sent() {
    let transport = Silent::default();
    let client = NotesClient::new(transport.clone());
    for request in [
        Request::new(note("a")).with_deadline(Instant::now()),
        Request::new(note("a")).with_timeout(Duration::ZERO),
    ] {
        let status = client.echo(request).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
    }
    assert_eq!(transport.0.load(Ordering::SeqCst), 0);
}

/// A server that breaks calls off at a point in time, before or after the head of its response. Nobody
/// notices that time before it does: it lets nothing else run.
#[derive(Clone)]
struct BreaksOff {
    at: Instant,
    after_head: bool,
}

impl Service<http::Request<Body>> for BreaksOff {
    type Response = http::Response<Body>;
    type Error = io::Error;
    type Future = Ready<Result<http::Response<Body>, io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Request<Body>) -> Self::Future {
        let at = self.at;
        let broken = move || {
            while Instant::now() < at {
                std::thread::yield_now();
            }
            io::Error::from(io::ErrorKind::ConnectionReset)
        };
        if !self.after_head {
            return ready(Err(broken()));
        }
        let rest = stream::once(async move { Err::<Frame<Bytes>, _>(broken()) });
        let mut response = http::Response::new(Body::new(StreamBody::new(rest)));
        let content_type = HeaderValue::from_static("application/grpc-web+proto");
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        ready(Ok(response))
    }
}

/// The status of a call that a server breaks off.
async fn broken_off(server: BreaksOff, deadline: Instant, is_stream: bool) -> Status {
    let client = NotesClient::new(server);
    let request = Request::new(note("")).with_deadline(deadline);
    if !is_stream {
        return client.echo(request).await.unwrap_err();
    }
    match client.repeat(request).await {
        Ok(response) => response.into_inner().message().await.unwrap_err(),
        Err(status) => status,
    }
}

#[tokio::test]
async fn a_call_that_the_server_breaks_off_at_its_deadline_has_exceeded_it() {
    for (after_head, is_stream) in [(false, false), (true, false), (false, true), (true, true)] {
        for (left, code) in [
            (Duration::ZERO, Code::DeadlineExceeded),
            (PATIENCE, Code::Unavailable),
        ] {
            let at = Instant::now() + SOON;
            let server = BreaksOff { at, after_head };
            let status = broken_off(server, at + left, is_stream).await;
            assert_eq!(status.code(), code, "{status}");
        }
    }
}

#[tokio::test]
async fn a_server_is_told_the_timeout_and_hands_it_on() {
    let (_server, clients) = over(&MyNotes::default()).await;
    for (name, client) in clients {
        let incoming = Request::new(()).with_timeout(Duration::from_secs(1));
        let incoming = incoming.with_deadline(Instant::now() + Duration::from_secs(90));
        let request = Request::new(note("remaining")).with_deadline_of(&incoming);
        let answer = client.echo(request).await.unwrap();
        let text = &answer.get_ref().text;
        assert!(
            text.starts_with("Some(89.") || text.starts_with("Some(90."),
            "{name}: {text}"
        );
    }
}

#[tokio::test]
async fn a_call_that_may_be_repeated_is_made_until_it_goes_well() {
    for protocol in [Protocol::GrpcWeb, Protocol::GrpcWebText, Protocol::Grpc] {
        let flaky = Flaky::failing(2);
        let transport = NotesServer::new(flaky.clone());
        let client = Client::new(transport).protocol(protocol).retry(quick());
        let client = NotesClient::from(client);
        let request = || Request::new(note("a")).assume_idempotent();
        assert_eq!(client.echo(request()).await.unwrap().get_ref().text, "a");
        assert_eq!(flaky.attempts(), 3);
        let asked = flaky.asked.lock().unwrap().clone();
        let previous: Vec<_> = asked
            .iter()
            .map(|asked| asked.as_headers().get("grpc-previous-rpc-attempts"))
            .map(|value| value.map(|value| value.to_str().unwrap()))
            .collect();
        assert_eq!(previous, [None, Some("1"), Some("2")]);

        flaky.failures.store(2, Ordering::SeqCst);
        let mut stream = client.repeat(request()).await.unwrap().into_inner();
        assert_eq!(stream.message().await.unwrap().unwrap().text, "a");
        assert_eq!(stream.message().await.unwrap(), None);
        assert_eq!(flaky.attempts(), 6);
    }
}

#[tokio::test]
async fn a_call_is_made_once_where_nothing_says_that_it_may_be_repeated() {
    let flaky = Flaky::failing(1);
    let client = client(&flaky, quick());
    assert_eq!(
        client.echo(note("a")).await.unwrap_err().code(),
        Code::Unavailable
    );
    assert_eq!(flaky.attempts(), 1);

    flaky.failures.store(1, Ordering::SeqCst);
    let stream = Request::new(Streaming::from_iter([note("a")])).assume_idempotent();
    assert_eq!(
        client.join(stream).await.unwrap_err().code(),
        Code::Unavailable
    );
    assert_eq!(flaky.attempts(), 2);
}

#[tokio::test]
async fn a_call_is_made_again_for_some_codes_and_some_times_only() {
    let flaky = Flaky::failing(100);
    let client1 = client(&flaky, quick().max_attempts(3).assume_idempotent());
    assert!(client1.echo(note("a")).await.is_err());
    assert_eq!(flaky.attempts(), 3);

    let flaky = Flaky {
        code: Some(Code::Aborted),
        ..Flaky::failing(2)
    };
    let strict = client(&flaky, quick().assume_idempotent());
    assert_eq!(
        strict.echo(note("a")).await.unwrap_err().code(),
        Code::Aborted
    );
    let wide = client(&flaky, quick().assume_idempotent().codes([Code::Aborted]));
    assert!(wide.echo(note("a")).await.is_ok());
}

#[tokio::test]
async fn a_stream_that_handed_out_a_message_is_not_begun_again() {
    let flaky = Flaky {
        after_a_message: true,
        ..Flaky::failing(1)
    };
    let client = client(&flaky, quick().assume_idempotent());
    let mut stream = client.repeat(note("a")).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    assert_eq!(
        stream.message().await.unwrap_err().code(),
        Code::Unavailable
    );
    assert_eq!(flaky.attempts(), 1);
}

#[tokio::test]
async fn retries_end_at_the_deadline_of_the_call() {
    let flaky = Flaky::failing(100);
    let hour = Duration::from_secs(3600);
    let client = client(
        &flaky,
        RetryPolicy::new().assume_idempotent().backoff(hour, hour),
    );
    let request = Request::new(note("a")).with_timeout(SOON);
    let status = timeout(PATIENCE, client.echo(request))
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(flaky.attempts(), 1);
}

#[tokio::test]
async fn a_server_that_is_gone_is_tried_again() {
    let address = Server::start(MyNotes::default()).await.address.clone();
    let channel = grpcweb_runtime::Channel::new(&format!("http://{address}")).unwrap();
    let attempts = Arc::new(AtomicUsize::new(0));
    let client = Client::new(channel)
        .retry(quick().assume_idempotent())
        .with_interceptor(Count(Arc::clone(&attempts)));
    let status = NotesClient::from(client).echo(note("a")).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(attempts.load(Ordering::SeqCst), 4);
}

struct Count(Arc<AtomicUsize>);

impl Interceptor for Count {
    async fn intercept(&self, call: Outgoing, next: Next) -> Result<Answered, Status> {
        self.0.fetch_add(1, Ordering::SeqCst);
        next.run(call).await
    }
}

/// Adds metadata, and writes down what it saw.
#[derive(Clone, Default)]
struct Witness(Arc<Mutex<Vec<String>>>);

impl Witness {
    fn say(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }

    fn said(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Interceptor for Witness {
    async fn intercept(&self, mut call: Outgoing, next: Next) -> Result<Answered, Status> {
        if call.metadata().get("refuse").is_some() {
            return Err(Status::permission_denied("by the interceptor"));
        }
        tokio::task::yield_now().await;
        self.say(call.method().path.to_owned());
        call.metadata_mut()
            .insert("x-initial", "from the interceptor")?;
        let answered = next.run(call).await?;
        let initial = answered.metadata().get("x-initial").unwrap_or("none");
        self.say(format!("initial {initial}"));
        let witness = self.clone();
        Ok(answered.when_ended(move |outcome| {
            witness.say(match outcome {
                Ok(trailers) => format!("ended {:?}", trailers.get("x-trailing")),
                Err(status) => format!("ended {}", status.code()),
            });
        }))
    }
}

#[tokio::test]
async fn an_interceptor_sees_a_call_from_its_beginning_to_its_end() {
    for protocol in [Protocol::GrpcWeb, Protocol::GrpcWebText, Protocol::Grpc] {
        let witness = Witness::default();
        let server = NotesServer::new(MyNotes::default());
        let client = Client::new(server)
            .protocol(protocol)
            .with_interceptor(witness.clone());
        let client = NotesClient::from(client);
        let mut request = Request::new(Note {
            count: 2,
            ..note("a")
        });
        request.metadata_mut().insert("x-trailing", "t").unwrap();

        let answer = client.echo(request.clone()).await.unwrap();
        assert_eq!(
            answer.metadata().get("x-initial"),
            Some("from the interceptor")
        );
        let begun = ["/calls.Notes/Echo", "initial from the interceptor"];
        assert_eq!(witness.said(), [begun[0], begun[1], "ended Some(\"t\")"]);

        let mut stream = client.repeat(request.clone()).await.unwrap().into_inner();
        assert_eq!(witness.said().len(), 2);
        while stream.message().await.unwrap().is_some() {}
        assert_eq!(witness.said(), ["ended Some(\"t\")"]);

        let stream = client.repeat(request.clone()).await.unwrap();
        witness.said();
        drop(stream);
        assert_eq!(witness.said(), ["ended CANCELLED"]);

        let failed = client.echo(note("fail")).await.unwrap_err();
        assert_eq!(failed.code(), Code::FailedPrecondition);
        assert_eq!(witness.said().last().unwrap(), "ended FAILED_PRECONDITION");

        request.metadata_mut().insert("refuse", "1").unwrap();
        let refused = client.echo(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        assert!(witness.said().is_empty());
    }
}

#[tokio::test]
async fn messages_are_compressed_in_both_directions_in_every_encoding() {
    for encoding in [Gzip, Deflate, Zstd, Brotli, Snappy] {
        let options = ServerOptions::new()
            .accept_compressed(encoding)
            .send_compressed(encoding);
        let service = NotesServer::new(MyNotes::default()).with_options(options);
        let server = Server::serve(Router::new().add_service(service)).await;
        for (http2, protocol) in [
            (false, Protocol::GrpcWeb),
            (false, Protocol::GrpcWebText),
            (true, Protocol::Grpc),
        ] {
            let client = Client::new(server.channel(http2))
                .protocol(protocol)
                .send_compressed(encoding)
                .accept_compressed(encoding);
            let client = NotesClient::from(client);
            let long = note("la".repeat(10_000));
            let answer = client.echo(long.clone()).await.unwrap();
            assert_eq!(answer.get_ref(), &long);
            let sent = answer.metadata().as_headers().get("grpc-encoding");
            assert!(sent.is_some(), "{encoding:?}");
            let notes = Streaming::from_iter(vec![long.clone(); 3]);
            let mut chat = client.chat(notes).await.unwrap().into_inner();
            for _ in 0..3 {
                assert_eq!(chat.message().await.unwrap().as_ref(), Some(&long));
            }
        }
    }
}

#[tokio::test]
async fn an_encoding_that_was_not_asked_for_is_an_error_that_names_it() {
    let head = calls::Canned::new([b""]);
    let mut response = head;
    response
        .headers
        .insert("grpc-encoding", http::HeaderValue::from_static("gzip"));
    let client = NotesClient::new(response);
    let status = client.echo(note("a")).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    for part in ["\"gzip\"", "accept_compressed"] {
        assert!(status.message().contains(part), "{status}");
    }
}

/// What an interceptor is told of the end of a call, and the code that its caller gets.
async fn told(response: calls::Canned, is_stream: bool) -> (Vec<String>, Code) {
    let witness = Witness::default();
    let client = Client::new(response).with_interceptor(witness.clone());
    let client = NotesClient::from(client);
    let status = if is_stream {
        let mut stream = client.repeat(note("a")).await.unwrap().into_inner();
        stream.message().await.unwrap_err()
    } else {
        client.echo(note("a")).await.unwrap_err()
    };
    (witness.said().split_off(2), status.code())
}

#[tokio::test]
async fn an_interceptor_is_told_what_the_caller_is() {
    let ok: &[u8] = b"\x80\0\0\0\x0fgrpc-status:0\r\n";
    let garbage: &[u8] = b"\0\0\0\0\x02\xff\xff";
    let message: &[u8] = b"\0\0\0\0\0";
    for (chunks, is_stream, code) in [
        (&[ok][..], false, Code::Unimplemented),
        (&[message, message, ok], false, Code::Unimplemented),
        (&[garbage, ok], false, Code::Internal),
        (&[garbage, ok], true, Code::Internal),
    ] {
        let response = calls::Canned::new(chunks.iter().copied());
        let (said, caller) = told(response, is_stream).await;
        assert_eq!(caller, code, "{chunks:?}");
        assert_eq!(said, [format!("ended {code}")], "{chunks:?}");
    }
}

/// Refuses calls that were answered.
struct Refuses;

impl Interceptor for Refuses {
    async fn intercept(&self, call: Outgoing, next: Next) -> Result<Answered, Status> {
        next.run(call).await?;
        Err(Status::aborted("refused"))
    }
}

#[tokio::test]
async fn an_interceptor_is_told_of_the_end_though_another_one_drops_the_response() {
    let witness = Witness::default();
    let client = Client::new(NotesServer::new(MyNotes::default()))
        .with_interceptor(witness.clone())
        .with_interceptor(Refuses);
    let status = NotesClient::from(client).echo(note("a")).await.unwrap_err();
    assert_eq!(status.code(), Code::Aborted);
    assert_eq!(witness.said().last().unwrap(), "ended CANCELLED");
}

/// Nothing would end a pause here: there is no runtime, and so no timer.
#[test]
fn a_call_without_a_timer_is_made_once() {
    let flaky = Flaky::failing(1);
    let client = client(&flaky, quick().assume_idempotent());
    let mut call = std::pin::pin!(client.echo(note("a")));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(answer) = call.as_mut().poll(&mut cx) else {
        panic!("the call waits for what does not come");
    };
    assert_eq!(answer.unwrap_err().code(), Code::Unavailable);
    assert_eq!(flaky.attempts(), 1);
}
