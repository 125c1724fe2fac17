//! What was moved over answers as before; both stand on one server.

use from_tonic::after::proto::helloworld::HelloRequest;
use from_tonic::after::proto::helloworld::greeter_client::GreeterClient;
use from_tonic::after::proto::helloworld::parting_client::PartingClient;
use from_tonic::{BoxError, after, before, listen, together};
use grpcweb_runtime::client::Client;
use grpcweb_runtime::{Channel, Code, Protocol, Status};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Serves on a free port, until the task is aborted.
async fn start<F>(
    serve: impl FnOnce(TcpListener) -> F,
) -> (JoinHandle<Result<(), BoxError>>, String)
where
    F: Future<Output = Result<(), BoxError>> + Send + 'static,
{
    let (listener, url) = listen(Some("127.0.0.1:0")).await.unwrap();
    (tokio::spawn(serve(listener)), url)
}

fn client(url: &str, protocol: Protocol) -> Client<Channel> {
    let builder = Channel::builder();
    let builder = match protocol {
        Protocol::Grpc => builder.http2_prior_knowledge(),
        _ => builder,
    };
    Client::new(builder.build(url).unwrap()).protocol(protocol)
}

fn named(name: &str) -> HelloRequest {
    let name = name.to_owned();
    HelloRequest { name }
}

/// All that the greeter says, over every protocol.
async fn answers(url: &str) -> Vec<Result<String, (Code, String)>> {
    let mut answers = Vec::new();
    let failure = |status: Status| (status.code(), status.message().to_owned());
    for protocol in [Protocol::GrpcWeb, Protocol::GrpcWebText, Protocol::Grpc] {
        let greeter = GreeterClient::from(client(url, protocol));
        for name in ["world", ""] {
            let reply = greeter.say_hello(named(name)).await;
            answers.push(
                reply
                    .map(|reply| reply.into_inner().message)
                    .map_err(failure),
            );
        }
        let replies = greeter.say_hello_slowly(named("world")).await.unwrap();
        let mut replies = replies.into_inner();
        while let Some(reply) = replies.message().await.unwrap() {
            answers.push(Ok(reply.message));
        }
    }
    answers
}

#[tokio::test]
async fn what_was_moved_over_answers_as_before() {
    let (tonic, url) = start(before::serve).await;
    let before = answers(&url).await;
    let (ours, url) = start(after::serve).await;
    let after = answers(&url).await;
    assert_eq!(before.len(), 3 * 5);
    assert_eq!(before[0], Ok("Hello, world!".to_owned()));
    assert_eq!(before, after);
    tonic.abort();
    ours.abort();
}

#[tokio::test]
async fn one_that_was_moved_over_and_one_that_was_not_stand_on_one_server() {
    let (ours, url) = start(after::serve).await;
    let alone = answers(&url).await;
    let (both, url) = start(together::serve).await;
    assert_eq!(answers(&url).await, alone);

    let parting = PartingClient::from(client(&url, Protocol::Grpc));
    let reply = parting.say_goodbye(named("world")).await.unwrap();
    assert_eq!(reply.get_ref().message, "Goodbye, world!");
    ours.abort();
    both.abort();
}
