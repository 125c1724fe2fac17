//! The program itself: what it prints, and how it ends.

use std::process::Stdio;
use std::time::Duration;

use grpcweb_runtime::Channel;
use interop::proto::grpc::testing::Empty;
use interop::proto::grpc::testing::test_service_client::TestServiceClient;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interop-server"));
    command.args(arguments).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// Starts the program, and returns the URL that it prints.
async fn start(arguments: &[&str]) -> (Child, String) {
    let mut server = command(arguments).spawn().unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(server.stdout.as_mut().unwrap());
    let read = output.read_line(&mut line);
    timeout(PATIENCE, read).await.unwrap().unwrap();
    let url = line.trim_end().strip_prefix("listening on ").unwrap();
    (server, url.to_owned())
}

/// Waits for a good end.
async fn assert_ends(mut server: Child) {
    let status = timeout(PATIENCE, server.wait()).await.unwrap().unwrap();
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn it_serves_where_it_says() {
    let (_server, url) = start(&[]).await;
    let client = TestServiceClient::new(Channel::new(&url).unwrap());
    client.empty_call(Empty {}).await.unwrap();
}

#[tokio::test]
async fn it_ends_with_its_input_where_it_is_told_to() {
    let (mut server, url) = start(&["--until-eof"]).await;
    let client = TestServiceClient::new(Channel::new(&url).unwrap());
    client.empty_call(Empty {}).await.unwrap();
    drop(server.stdin.take());
    assert_ends(server).await;
}

#[cfg(unix)]
#[tokio::test]
async fn it_ends_by_a_signal_whatever_its_input_does() {
    for (signal, until_eof) in [("-TERM", true), ("-INT", true), ("-TERM", false)] {
        let arguments: &[&str] = if until_eof { &["--until-eof"] } else { &[] };
        let (server, url) = start(arguments).await;
        // The handlers of the signals are in place before a call is answered.
        let client = TestServiceClient::new(Channel::new(&url).unwrap());
        client.empty_call(Empty {}).await.unwrap();
        let pid = server.id().unwrap().to_string();
        let kill = Command::new("kill").args([signal, &pid]).status().await;
        assert!(kill.unwrap().success());
        assert_ends(server).await;
    }
}

#[tokio::test]
async fn it_wants_the_certificate_together_with_its_key() {
    let mut command = command(&["--cert", "cert.pem"]);
    let output = command.stderr(Stdio::piped()).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--key"));
}
