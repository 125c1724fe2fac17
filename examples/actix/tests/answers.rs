//! The page and the greeter on one port of actix-web.

use std::net::TcpListener;

use actix_example::proto::helloworld::HelloRequest;
use actix_example::proto::helloworld::greeter_client::GreeterClient;
use actix_web::dev::ServerHandle;
use grpcweb_runtime::client::Client;
use grpcweb_runtime::{Body, Channel, Code, Protocol};
use http::Request;
use http_body_util::BodyExt as _;
use tower_service::Service as _;

fn start() -> (ServerHandle, Channel) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = actix_example::serve(listener).unwrap();
    let handle = server.handle();
    tokio::spawn(server);
    (handle, Channel::new(&url).unwrap())
}

fn named(name: &str) -> HelloRequest {
    let name = name.to_owned();
    HelloRequest { name }
}

#[tokio::test]
async fn calls_are_answered_in_binary_and_in_text() {
    let (server, channel) = start();
    for protocol in [Protocol::GrpcWeb, Protocol::GrpcWebText] {
        let greeter = GreeterClient::from(Client::new(channel.clone()).protocol(protocol));
        let reply = greeter.say_hello(named("world")).await.unwrap();
        assert_eq!(reply.get_ref().message, "Hello, world from 127.0.0.1!");

        let status = greeter.say_hello(named("")).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.message(), "who is to be greeted?");

        let replies = greeter.say_hello_slowly(named("world")).await.unwrap();
        let mut replies = replies.into_inner();
        for expected in ["Hello, world!", "Hallo, world!", "Bonjour, world!"] {
            let reply = replies.message().await.unwrap().unwrap();
            assert_eq!(reply.message, expected);
        }
        assert_eq!(replies.message().await.unwrap(), None);
    }
    server.stop(false).await;
}

#[tokio::test]
async fn a_long_request_arrives_whole() {
    let (server, channel) = start();
    let name = "long".repeat(500_000);
    let reply = GreeterClient::new(channel).say_hello(named(&name)).await;
    let message = reply.unwrap().into_inner().message;
    assert_eq!(message, format!("Hello, {name} from 127.0.0.1!"));
    server.stop(false).await;
}

async fn fetch(channel: &mut Channel, request: http::request::Builder) -> (u16, String) {
    let request: Request<Body> = request.body(Body::empty()).unwrap();
    let response = channel.call(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn what_is_no_call_is_answered_by_the_application() {
    let (server, mut channel) = start();
    let page = fetch(&mut channel, Request::get("/")).await;
    assert_eq!(page, (200, "an ordinary page".into()));
    let elsewhere = Request::post("/other.Service/Method");
    let elsewhere = elsewhere.header("content-type", "application/grpc-web");
    let missing = fetch(&mut channel, elsewhere).await;
    assert_eq!(missing, (404, "no such page".into()));
    let path = "/helloworld.Greeter/SayHello";
    let (status, _) = fetch(&mut channel, Request::get(path)).await;
    assert_eq!(status, 405);
    let json = Request::post(path).header("content-type", "application/json");
    let (status, _) = fetch(&mut channel, json).await;
    assert_eq!(status, 415);
    let unknown = Request::post("/helloworld.Greeter/Nothing");
    let unknown = unknown.header("content-type", "application/grpc-web");
    let (status, body) = fetch(&mut channel, unknown).await;
    assert_eq!(status, 200);
    assert!(body.contains("grpc-status:12"), "{body}");
    server.stop(false).await;
}
