//! The client against the server: over a socket, and without one.

use grpcweb_runtime::Channel;
use slimmer_client::{Report, report};
use slimmer_grpc::MAIN_SERVICE;
use slimmer_grpc::main_client::MainClient;
use slimmer_grpc::main_server::MainServer;
use slimmer_server::Slimmer;
use tokio::net::TcpListener;

fn expected() -> Report {
    Report {
        pong: "are you there?".into(),
        run_id: "run-1".into(),
        activated: true,
        refusal: r#"system "house" has no run "no-such-run""#.into(),
    }
}

#[tokio::test]
async fn a_system_reports_over_a_socket() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server =
        tokio::spawn(
            async move { grpcweb_runtime::serve(listener, slimmer_server::router()).await },
        );

    let client = MainClient::new(Channel::new(&url).unwrap());
    assert_eq!(report(&client).await.unwrap(), expected());
    server.abort();
}

#[tokio::test]
async fn a_system_reports_without_a_socket() {
    let client = MainClient::new(MainServer::new(Slimmer::default()));
    assert_eq!(report(&client).await.unwrap(), expected());
}

#[test]
fn the_paths_on_the_wire_are_those_of_the_article() {
    let paths: Vec<_> = MAIN_SERVICE
        .methods
        .iter()
        .map(|method| method.path)
        .collect();
    assert_eq!(
        paths,
        [
            "/slimmer_grpc.Main/ping",
            "/slimmer_grpc.Main/new_system_run",
            "/slimmer_grpc.Main/new_activation"
        ]
    );
}
