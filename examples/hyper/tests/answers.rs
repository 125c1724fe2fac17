//! A page and the greeter on one port.

use greeter::proto::helloworld::HelloRequest;
use greeter::proto::helloworld::greeter_client::GreeterClient;
use grpcweb_runtime::{Body, Channel};
use http::Request;
use http_body_util::BodyExt as _;
use tokio::net::TcpListener;
use tower::{Service as _, ServiceExt as _};

async fn fetch(channel: &Channel, request: http::request::Builder) -> (u16, String) {
    let request: Request<Body> = request.body(Body::empty()).unwrap();
    let mut channel = channel.clone();
    let response = channel.ready().await.unwrap().call(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn the_page_and_the_greeter_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(hyper_example::serve(listener));
    let channel = Channel::new(&url).unwrap();

    let page = fetch(&channel, Request::get("/")).await;
    assert_eq!(page, (200, "<h1>An ordinary page</h1>".into()));
    let missing = fetch(&channel, Request::get("/helloworld.Greeter/SayHello")).await;
    assert_eq!(missing, (404, "no such page".into()));

    let name = "world".to_owned();
    let greeter = GreeterClient::new(channel);
    let reply = greeter.say_hello(HelloRequest { name }).await.unwrap();
    assert_eq!(reply.get_ref().message, "Hello, world!");
    server.abort();
}
