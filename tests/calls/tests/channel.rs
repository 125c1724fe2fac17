//! A channel to one server: what it connects to, and what it says where it cannot.

use std::io::ErrorKind;
use std::time::Duration;

use calls::proto::calls::notes_client::NotesClient;
use calls::{MyNotes, Server, note};
use grpcweb_runtime::client::{ChannelError, ChannelPhase, Client};
use grpcweb_runtime::{Body, Channel, Code, Protocol};
use http::{Request, Response, Version};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::time::timeout;
use tower_service::Service as _;

const PATIENCE: Duration = Duration::from_secs(10);

async fn send(channel: &Channel, version: Version) -> Result<Response<Body>, ChannelError> {
    let request = Request::post("/calls.Notes/Echo").version(version);
    let request = request.body(Body::full("body")).unwrap();
    timeout(PATIENCE, channel.clone().call(request))
        .await
        .unwrap()
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

#[tokio::test]
async fn a_call_that_needs_http2_is_told_so_before_anything_is_connected() {
    let (listener, address) = listen().await;
    let channel = Channel::new(&format!("http://{address}")).unwrap();
    let client = NotesClient::from(Client::new(channel.clone()).protocol(Protocol::Grpc));
    let status = client.echo(note("a")).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
    for part in [&address[..], "http2_prior_knowledge()", "https://"] {
        assert!(status.message().contains(part), "{status}");
    }
    let error = send(&channel, Version::HTTP_2).await.unwrap_err();
    assert!(error.is_usage() && error.is_unsent(), "{error:?}");

    let listener = listener.into_std().unwrap();
    let nobody = listener.accept().unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_server_below_a_path_is_asked_for_that_path() {
    let (listener, address) = listen().await;
    let channel = Channel::new(&format!("http://{address}/api/")).unwrap();
    let call = tokio::spawn(async move { send(&channel, Version::HTTP_11).await.unwrap() });
    let (mut connection, _) = listener.accept().await.unwrap();
    let head = read_head(&mut connection).await;
    assert!(
        head.starts_with("POST /api/calls.Notes/Echo HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(head.contains(&format!("host: {address}\r\n")), "{head}");
    call.abort();
}

async fn read_head(connection: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = timeout(PATIENCE, connection.read_u8()).await.unwrap();
        head.push(byte.unwrap());
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test]
async fn calls_go_over_a_unix_socket_in_http1_and_http2() {
    let server = Server::start(MyNotes::default()).await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let back = server.address.clone();
    let forward = tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut server = TcpStream::connect(&back).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
        }
    });
    for uri in [
        format!("unix:{}", path.display()),
        format!("unix://{}", path.display()),
    ] {
        let web = NotesClient::new(Channel::new(&uri).unwrap());
        assert_eq!(web.echo(note("a")).await.unwrap().get_ref().text, "a");
        let channel = Channel::builder()
            .http2_prior_knowledge()
            .build(&uri)
            .unwrap();
        let grpc = NotesClient::from(Client::new(channel).protocol(Protocol::Grpc));
        assert_eq!(grpc.echo(note("b")).await.unwrap().get_ref().text, "b");
    }
    forward.abort();
}

#[tokio::test]
async fn the_host_of_a_unix_socket_is_localhost() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("raw.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let channel = Channel::new(&format!("unix:{}", path.display())).unwrap();
    let call = tokio::spawn(async move { send(&channel, Version::HTTP_11).await.unwrap() });
    let (mut connection, _) = listener.accept().await.unwrap();
    let head = read_head(&mut connection).await;
    assert!(head.contains("\r\nhost: localhost\r\n"), "{head}");
    call.abort();
}

#[tokio::test]
async fn who_wants_to_know_early_learns_whether_the_server_is_there() {
    let (listener, address) = listen().await;
    let channel = Channel::new(&format!("http://{address}")).unwrap();
    channel.connect().await.unwrap();
    drop(listener);
    let early = channel.connect().await.unwrap_err();
    let late = send(&channel, Version::HTTP_11).await.unwrap_err();
    for error in [early, late] {
        assert_eq!(error.phase(), ChannelPhase::Connect, "{error:?}");
        assert_eq!(error.address(), address);
        assert!(error.is_unsent() && !error.is_usage(), "{error:?}");
        assert!(error.to_string().contains(&address), "{error}");
    }
}

#[tokio::test]
async fn a_socket_that_is_not_there_is_named() {
    let channel = Channel::new("unix:/nowhere/to/be.sock").unwrap();
    let error = send(&channel, Version::HTTP_11).await.unwrap_err();
    assert_eq!(error.phase(), ChannelPhase::Connect, "{error:?}");
    assert_eq!(error.address(), "unix:/nowhere/to/be.sock");
}

#[tokio::test]
async fn a_host_without_an_address_is_told_from_one_that_does_not_answer() {
    // No name server is asked for a name as long as this.
    let host = "x".repeat(64);
    let client = NotesClient::new(Channel::new(&format!("http://{host}:1")).unwrap());
    let status = client.echo(note("a")).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(
        status
            .message()
            .starts_with(&format!("no address for {host}:1: ")),
        "{status}"
    );
    let channel = Channel::new(&format!("http://{host}:1")).unwrap();
    let error = channel.connect().await.unwrap_err();
    assert_eq!(error.phase(), ChannelPhase::Resolve, "{error:?}");
}

#[tokio::test]
async fn a_request_that_a_server_may_have_seen_is_not_called_unsent() {
    for http2 in [false, true] {
        let (listener, address) = listen().await;
        let builder = Channel::builder();
        let builder = if http2 {
            builder.http2_prior_knowledge()
        } else {
            builder
        };
        let channel = builder.build(&format!("http://{address}")).unwrap();
        let call = tokio::spawn(async move { send(&channel, Version::HTTP_11).await });
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut received = Vec::new();
        if http2 {
            let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
            connection.write_all(&settings).await.unwrap();
        }
        while !received.ends_with(b"body") {
            timeout(PATIENCE, connection.read_buf(&mut received))
                .await
                .unwrap()
                .unwrap();
        }
        drop(connection);
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(error.phase(), ChannelPhase::Http, "{error:?}");
        assert!(!error.is_unsent(), "{error:?}");
        assert!(error.to_string().contains(&address), "{error}");
    }
}

#[tokio::test]
async fn a_connection_that_no_call_uses_is_closed_after_the_idle_timeout() {
    let server = Server::start(MyNotes::default()).await;
    let (listener, front) = listen().await;
    let back = server.address.clone();
    let connection = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut server = TcpStream::connect(&back).await.unwrap();
        copy_bidirectional(&mut client, &mut server).await
    });
    let builder = Channel::builder().pool_idle_timeout(Duration::from_millis(50));
    let client = NotesClient::new(builder.build(&format!("http://{front}")).unwrap());
    client.echo(note("a")).await.unwrap();
    // The channel is still there, as is the server, so that nothing else can close it.
    timeout(PATIENCE, connection)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    drop((client, server));
}
