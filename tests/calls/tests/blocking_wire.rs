//! A blocking client and what servers may do on a socket.

use std::io::{Read, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use calls::note;
use calls::proto::calls::notes_client::NotesBlockingClient;
use grpcweb_runtime::blocking::Channel;
use grpcweb_runtime::client::{Client, RetryPolicy};
use grpcweb_runtime::{Code, Request, Status};
use prost::Message as _;

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

/// Serves each connection on a thread of its own, until the test is over.
fn serve(connection: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let connection = Arc::new(connection);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, connection) = (stream.unwrap(), Arc::clone(&connection));
            stream.set_nodelay(true).unwrap();
            thread::spawn(move || connection(stream));
        }
    });
    address
}

fn client(address: &str) -> Client<Channel> {
    let channel = Channel::builder().no_proxy();
    Client::new(channel.build(&format!("http://{address}")).unwrap())
}

fn notes(address: &str) -> NotesBlockingClient<Channel> {
    NotesBlockingClient::from(client(address))
}

/// Reads the head of a request, and its body where that has a length. `None` where there is no request.
fn read_request(mut stream: &TcpStream) -> Option<String> {
    let mut read = Vec::new();
    let mut byte = [0];
    while !read.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        read.push(byte[0]);
    }
    let head = String::from_utf8(read).unwrap().to_lowercase();
    let len = head
        .split("content-length: ")
        .nth(1)
        .map_or(0, |rest| rest.lines().next().unwrap().parse().unwrap());
    stream.read_exact(&mut vec![0; len]).ok()?;
    Some(head)
}

fn frame(flags: u8, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap();
    [&[flags], &len.to_be_bytes()[..], payload].concat()
}

fn message(text: &str) -> Vec<u8> {
    frame(0, &note(text).encode_to_vec())
}

fn ok() -> Vec<u8> {
    frame(0x80, b"grpc-status: 0\r\nx-end: here\r\n")
}

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/grpc-web+proto\r\n";

fn with_length(body: &[u8]) -> Vec<u8> {
    let head = format!("{HEAD}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn until_closed(body: &[u8]) -> Vec<u8> {
    let head = format!("{HEAD}connection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn chunk(data: &[u8]) -> Vec<u8> {
    let size = format!("{:x}\r\n", data.len());
    [size.as_bytes(), data, b"\r\n"].concat()
}

/// A response in chunks that are no frames.
fn chunked(body: &[u8]) -> Vec<u8> {
    let mut response = format!("{HEAD}transfer-encoding: chunked\r\n\r\n").into_bytes();
    for part in body.chunks(3) {
        response.extend(chunk(part));
    }
    response.extend(b"0\r\n\r\n");
    response
}

/// What a call came to: texts, then the code and message it ended with, and a trailer.
type Outcome = (Vec<String>, Result<String, (Code, String)>);

fn failed(status: &Status) -> (Code, String) {
    (status.code(), status.message().to_owned())
}

fn streamed(client: &NotesBlockingClient<Channel>) -> Outcome {
    let mut texts = Vec::new();
    let mut notes = match client.repeat(note("")) {
        Ok(response) => response.into_inner(),
        Err(status) => return (texts, Err(failed(&status))),
    };
    for note in &mut notes {
        match note {
            Ok(note) => texts.push(note.text),
            Err(status) => return (texts, Err(failed(&status))),
        }
    }
    let trailer = notes.trailers().get("x-end").unwrap_or_default();
    (texts, Ok(trailer.to_owned()))
}

/// Answers each request with what is next, in two parts.
fn parts(responses: Vec<(Vec<u8>, Vec<u8>)>) -> String {
    let responses = Mutex::new(responses.into_iter());
    serve(move |mut stream| {
        while read_request(&stream).is_some() {
            let (first, second) = responses.lock().unwrap().next().unwrap();
            stream.write_all(&first).unwrap();
            thread::yield_now();
            // The client may have enough of it.
            if second.is_empty() || stream.write_all(&second).is_err() {
                return;
            }
            if first.windows(17).any(|part| part == b"connection: close") {
                return;
            }
        }
    })
}

#[test]
fn a_response_that_is_cut_anywhere_is_the_same_response() {
    let body = [message("abc"), message(""), message("d"), ok()].concat();
    let error = [message("abc"), frame(0x80, b"grpc-status: 5\r\n")].concat();
    for body in [body, error] {
        let whole = in_time({
            let response = (with_length(&body), Vec::new());
            move || streamed(&notes(&parts(vec![response])))
        });
        assert!(!whole.0.is_empty());
        for response in [with_length(&body), chunked(&body), until_closed(&body)] {
            let cuts: Vec<_> = (1..response.len())
                .map(|at| (response[..at].to_vec(), response[at..].to_vec()))
                .collect();
            let (count, whole) = (cuts.len(), whole.clone());
            let client = notes(&parts(cuts));
            in_time(move || {
                for at in 1..=count {
                    assert_eq!(streamed(&client), whole, "cut at {at} of {count}");
                }
            });
        }
    }
}

#[test]
fn a_response_that_breaks_off_anywhere_is_an_error_unless_the_call_was_over() {
    let body = [message("abc"), message("d"), ok()].concat();
    for response in [with_length(&body), chunked(&body), until_closed(&body)] {
        let cuts = (0..response.len()).map(|at| (response[..at].to_vec(), Vec::new()));
        let client = notes(&parts(cuts.collect()));
        let (count, end) = (response.len(), ok());
        let last = response.clone();
        in_time(move || {
            for at in 0..count {
                let (texts, end_of_call) = streamed(&client);
                match end_of_call {
                    Ok(trailer) => {
                        assert_eq!((texts.len(), &trailer[..]), (2, "here"), "at {at}");
                        // Only the end of the HTTP body is missing.
                        let rest = &last[at..];
                        assert!(rest.len() < end.len(), "at {at}");
                    }
                    Err((code, message)) => {
                        let expected = [Code::Unavailable, Code::Unknown, Code::Internal];
                        assert!(expected.contains(&code), "at {at}: {code:?} {message}");
                        assert!(texts.len() <= 2, "at {at}");
                    }
                }
            }
        });
    }
}

#[test]
fn the_end_of_a_call_is_not_waited_beyond() {
    let (hold, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let address = serve(move |mut stream| {
        read_request(&stream);
        let head = format!("{HEAD}transfer-encoding: chunked\r\n\r\n");
        let body = chunk(&[message("abc"), ok()].concat());
        stream
            .write_all(&[head.into_bytes(), body].concat())
            .unwrap();
        // The end of the body never comes.
        let _ = held.lock().unwrap().recv();
    });
    let response = in_time(move || notes(&address).echo(note("")).unwrap());
    assert_eq!(response.get_ref().text, "abc");
    drop(hold);
}

#[test]
fn a_page_that_is_not_grpc_is_told_of_though_it_does_not_end() {
    let (hold, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let address = serve(move |mut stream| {
        read_request(&stream);
        let response =
            b"HTTP/1.1 503 Busy\r\ncontent-type: text/html\r\ncontent-length: 999\r\n\r\n\
                         <h1>Come back later</h1>";
        stream.write_all(response).unwrap();
        let _ = held.lock().unwrap().recv();
    });
    let status = in_time(move || notes(&address).echo(note("")).unwrap_err());
    assert_eq!(status.code(), Code::Unavailable);
    let message = status.message();
    assert!(
        message.contains("503") && message.contains("Come back"),
        "{message}"
    );
    drop(hold);
}

#[test]
fn a_redirect_is_not_followed() {
    let address = serve(|mut stream| {
        read_request(&stream);
        let response = b"HTTP/1.1 307 Temporary Redirect\r\nlocation: /elsewhere\r\n\
                         content-length: 0\r\n\r\n";
        stream.write_all(response).unwrap();
    });
    let status = in_time(move || notes(&address).echo(note("")).unwrap_err());
    assert_eq!(status.code(), Code::Unknown);
    assert!(status.message().contains("307"), "{status}");
}

#[test]
fn a_connection_serves_one_call_after_the_other() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let address = serve(move |mut stream| {
        counter.fetch_add(1, Ordering::SeqCst);
        let body = [message("abc"), ok()].concat();
        for response in [chunked(&body), with_length(&body)].iter().cycle() {
            if read_request(&stream).is_none() {
                return;
            }
            stream.write_all(response).unwrap();
        }
    });
    in_time(move || {
        let client = notes(&address);
        for _ in 0..3 {
            assert_eq!(client.echo(note("")).unwrap().get_ref().text, "abc");
            assert_eq!(streamed(&client).0, ["abc"]);
        }
    });
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[test]
fn a_message_is_sent_before_the_next_one_is_asked_for() {
    let (arrived, arrival) = mpsc::channel();
    let arrived = Mutex::new(arrived);
    let address = serve(move |mut stream| {
        read_request(&stream);
        for text in ["first", "second"] {
            let mut read = vec![0; chunk(&message(text)).len()];
            stream.read_exact(&mut read).unwrap();
            assert_eq!(read, chunk(&message(text)));
            // Nobody waits for the last one.
            let _ = arrived.lock().unwrap().send(());
        }
        stream.read_exact(&mut [0; 5]).unwrap();
        let body = [message("abc"), ok()].concat();
        stream.write_all(&with_length(&body)).unwrap();
    });
    let mut texts = ["first", "second"].into_iter();
    let requests = std::iter::from_fn(move || {
        let text = texts.next()?;
        if text == "second" {
            arrival.recv_timeout(PATIENCE).expect("the first message");
        }
        Some(note(text))
    });
    let joined = in_time(move || notes(&address).join(requests).unwrap());
    assert_eq!(joined.get_ref().text, "abc");
}

#[test]
fn a_server_that_answers_early_is_heard_and_the_rest_of_the_request_is_left() {
    let address = serve(|mut stream| {
        read_request(&stream);
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/grpc-web+proto\r\n\
                    grpc-status: 16\r\ngrpc-message: who are you\r\ncontent-length: 0\r\n\
                    connection: close\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
    });
    let endless = std::iter::repeat_with(|| note("a".repeat(10_000)));
    let status = in_time(move || notes(&address).join(endless).unwrap_err());
    assert_eq!(status.code(), Code::Unauthenticated, "{status}");
    assert_eq!(status.message(), "who are you");
}

#[test]
fn a_server_that_reads_nothing_is_waited_for_until_the_deadline() {
    let (hold, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let address = serve(move |_stream| {
        let _ = held.lock().unwrap().recv();
    });
    let endless = std::iter::repeat_with(|| note("a".repeat(100_000)));
    let request = Request::new(endless).with_timeout(SOON);
    let status = in_time(move || notes(&address).join(request).unwrap_err());
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    drop(hold);
}

#[test]
fn a_response_that_trickles_ends_at_the_deadline() {
    let address = serve(|mut stream| {
        read_request(&stream);
        let head = format!("{HEAD}transfer-encoding: chunked\r\n\r\n");
        let mut sent = stream.write_all(head.as_bytes());
        // Never a whole message, but never silent for long.
        let payload = frame(0, &[0; 4_000_000]);
        for byte in payload.chunks(1) {
            sent = sent.and_then(|()| stream.write_all(&chunk(byte)));
            if sent.is_err() {
                return;
            }
            thread::yield_now();
        }
    });
    let request = Request::new(note("")).with_timeout(SOON);
    let status = in_time(move || notes(&address).echo(request).unwrap_err());
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
}

#[test]
fn a_call_is_made_again_within_a_runtime_and_without_one() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    for runtime in [None, Some(runtime.unwrap())] {
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&heads);
        let address = serve(move |mut stream| {
            while let Some(head) = read_request(&stream) {
                seen.lock().unwrap().push(head);
                let response = match seen.lock().unwrap().len() {
                    1 => b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n".to_vec(),
                    2 => with_length(&frame(0x80, b"grpc-status: 14\r\n")),
                    // Is not answered at all.
                    3 => return,
                    _ => with_length(&[message("abc"), ok()].concat()),
                };
                stream.write_all(&response).unwrap();
            }
        });
        let policy = RetryPolicy::new().assume_idempotent();
        let policy = policy.backoff(Duration::from_millis(5), Duration::from_millis(20));
        let client = client(&address).retry(policy).timeout(PATIENCE);
        let client = NotesBlockingClient::from(client);
        let call = move || client.echo(note("")).unwrap();
        let response = in_time(move || match runtime {
            None => call(),
            Some(runtime) => runtime.block_on(async { call() }),
        });
        assert_eq!(response.get_ref().text, "abc");
        let heads = heads.lock().unwrap();
        assert_eq!(heads.len(), 4);
        assert!(
            heads[3].contains("grpc-previous-rpc-attempts: 3"),
            "{}",
            heads[3]
        );
    }
}

#[test]
fn a_request_says_what_a_proxy_and_a_server_have_to_know() {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    let address = serve(move |mut stream| {
        seen.lock().unwrap().extend(read_request(&stream));
        let body = [message("abc"), ok()].concat();
        stream.write_all(&with_length(&body)).unwrap();
    });
    let channel = Channel::builder().no_proxy();
    let channel = channel.build(&format!("http://{address}/below/")).unwrap();
    let client = NotesBlockingClient::new(channel);
    in_time(move || client.echo(note("abc")).unwrap());
    let head = heads.lock().unwrap().pop().unwrap();
    for line in [
        "post /below/calls.notes/echo http/1.1",
        &format!("host: {address}"),
        "content-type: application/grpc-web+proto",
        "accept: application/grpc-web+proto",
        "x-grpc-web: 1",
        &format!("content-length: {}", message("abc").len()),
        concat!("user-agent: grpcweb-runtime/", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(head.lines().any(|l| l == line), "{line} is not in:\n{head}");
    }
    for header in ["accept-encoding", "transfer-encoding", "expect", "te: "] {
        assert!(!head.contains(&format!("\n{header}")), "{head}");
    }
}
