//! A server in a process of its own: signals, and sockets that another process opened.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use calls::note;
use calls::proto::calls::notes_client::NotesClient;
use grpcweb_runtime::{Channel, Code, Request};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::timeout;

/// How long anything may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

const PROGRAM: &str = env!("CARGO_BIN_EXE_notes-server");

/// A server, killed when it is dropped.
struct Process {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Process {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = mpsc::channel();
        std::thread::spawn(move || output.lines().try_for_each(|line| tell.send(line.unwrap())));
        Self { child, lines }
    }

    /// The next line that it writes; empty at the end.
    fn line(&self) -> String {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Disconnected) => String::new(),
            Err(RecvTimeoutError::Timeout) => panic!("the server says nothing"),
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn client(address: &str) -> NotesClient<Channel> {
    NotesClient::new(Channel::new(&format!("http://{address}")).unwrap())
}

#[test]
fn sigterm_and_ctrl_c_end_a_server_gracefully() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut command = Command::new(PROGRAM);
        command.arg("127.0.0.1:0");
        let mut server = Process::start(command);
        let address = server.line();
        assert!(TcpStream::connect(&address).is_ok());
        server.signal(signal);
        assert_eq!(server.line(), "ending");
        assert_eq!(server.line(), "ended");
        assert!(server.child.wait().unwrap().success());
    }
}

#[tokio::test]
async fn a_second_signal_ends_a_server_that_waits_for_its_calls() {
    let mut command = Command::new(PROGRAM);
    command.arg("127.0.0.1:0");
    let server = Process::start(command);
    let client = client(&server.line());
    let mut stream = Request::new(note("a"));
    stream.get_mut().count = 2;
    let metadata = stream.metadata_mut();
    metadata.insert("scenario", "wait-after-each").unwrap();
    let mut stream = client.repeat(stream).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    server.signal(Signal::TERM);
    assert_eq!(server.line(), "ending");
    server.signal(Signal::TERM);
    let status = timeout(PATIENCE, stream.message()).await.unwrap();
    let status = status.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.message(), "the server is shutting down");
    assert_eq!(server.line(), "ended");
}

#[test]
fn an_address_that_is_taken_is_said_with_what_to_do() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let output = Command::new(PROGRAM).arg(&address).output().unwrap();
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr).unwrap();
    for part in [&address[..], "another program listens there"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_socket_that_is_handed_over_and_is_of_another_kind_is_said_with_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let socket = std::os::unix::net::UnixListener::bind(directory.path().join("socket")).unwrap();
    let output = with_socket(socket.into()).output().unwrap();
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("unix_listener_from_env_or"), "{error}");
}

/// The server on a socket, as systemfd starts it: the socket is its file 3.
fn with_socket(socket: std::os::fd::OwnedFd) -> Command {
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            "exec 3<&0 </dev/null; LISTEN_FDS=1 exec \"$0\" nowhere",
        ])
        .arg(PROGRAM)
        .stdin(Stdio::from(socket));
    command
}

#[tokio::test]
async fn no_connection_is_refused_while_a_server_restarts_on_a_socket_that_is_handed_over() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let start = || Process::start(with_socket(socket.try_clone().unwrap().into()));

    let done = Arc::new(AtomicBool::new(false));
    let connected = Arc::new(AtomicUsize::new(0));
    let attempts = std::thread::spawn({
        let (done, connected) = (Arc::clone(&done), Arc::clone(&connected));
        move || {
            while !done.load(Ordering::SeqCst) {
                let attempt = TcpStream::connect_timeout(&address, PATIENCE);
                let mut attempt = attempt.expect("a connection at any time");
                connected.fetch_add(1, Ordering::SeqCst);
                // One after another, so that the queue of those that wait does not overflow. A server that
                // is killed answers none.
                let _ =
                    attempt.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
                attempt.set_read_timeout(Some(PATIENCE)).unwrap();
                let _ = attempt.read_to_end(&mut Vec::new());
            }
        }
    });

    for ending in [Signal::TERM, Signal::KILL, Signal::TERM] {
        let mut server = start();
        assert_eq!(server.line(), address.to_string());
        let client = client(&address.to_string());
        assert!(client.echo(note("a")).await.is_ok());
        server.signal(ending);
        while !server.line().is_empty() {}
        server.child.wait().unwrap();
        // Nobody accepts now.
        let before = connected.load(Ordering::SeqCst);
        let late = TcpStream::connect_timeout(&address, PATIENCE);
        assert!(late.is_ok());
        assert!(before > 0);
    }
    let waiting = tokio::spawn(client(&address.to_string()).echo(note("late")));
    let server = start();
    assert_eq!(server.line(), address.to_string());
    let reply = timeout(PATIENCE, waiting).await.unwrap().unwrap();
    assert_eq!(reply.unwrap().get_ref().text, "late");
    done.store(true, Ordering::SeqCst);
    attempts.join().unwrap();
    server.signal(Signal::TERM);
    assert_eq!(server.line(), "ending");
    assert_eq!(server.line(), "ended");
}
