//! The address and the scheme of the client behind proxies, as handlers and pages see them.

use std::net::SocketAddr;

use axum::Extension;
use axum::routing::get;
use calls::proto::calls::Note;
use calls::proto::calls::notes_client::NotesClient;
use calls::stubs::calls::notes_server::{Notes, NotesServer};
use calls::{RawConnection, Server, note};
use grpcweb_runtime::server::{ClientIp, ClientScheme, TrustedProxies};
use grpcweb_runtime::{Request, Response, Router, Status};

/// Says where it thinks that a call comes from, or over what.
struct WhoCalls;

impl Notes for WhoCalls {
    async fn echo(&self, request: Request<Note>) -> Result<Response<Note>, Status> {
        if request.get_ref().text == "scheme" {
            let scheme = request.client_scheme();
            return Ok(Response::new(note(scheme.as_str())));
        }
        let peer = request.remote_addr().map(|address| address.ip());
        let client = request.client_ip();
        Ok(Response::new(note(format!("{peer:?} {client:?}"))))
    }
}

fn rpc() -> Router {
    Router::new().add_service(NotesServer::new(WhoCalls))
}

/// What a call with this header is told about where it comes from.
async fn echo(server: &Server, header: &'static str, value: &str) -> String {
    let mut request = Request::new(note(""));
    request.metadata_mut().append(header, value).unwrap();
    let client = NotesClient::new(server.channel(false));
    let reply = client.echo(request).await.unwrap();
    reply.into_inner().text
}

/// What a call with these headers is told about the scheme.
async fn scheme(server: &Server, headers: &[(&'static str, &str)]) -> String {
    let mut request = Request::new(note("scheme"));
    for (name, value) in headers {
        request.metadata_mut().append(name, value).unwrap();
    }
    let client = NotesClient::new(server.channel(false));
    let reply = client.echo(request).await.unwrap();
    reply.into_inner().text
}

#[tokio::test]
async fn a_trusted_proxy_says_who_the_client_is() {
    let proxies = TrustedProxies::new(["127.0.0.0/8"]).unwrap();
    let service = proxies.clone().in_front_of(rpc());
    let server = Server::with(|listener| grpcweb_runtime::serve(listener, service)).await;
    assert_eq!(
        echo(&server, "x-forwarded-for", "6.6.6.6, 192.0.2.1").await,
        "Some(127.0.0.1) Some(192.0.2.1)"
    );
    assert_eq!(
        echo(&server, "forwarded", "for=6.6.6.6").await,
        "Some(127.0.0.1) Some(127.0.0.1)"
    );

    let service = proxies.forwarded().in_front_of(rpc());
    let server = Server::with(|listener| grpcweb_runtime::serve(listener, service)).await;
    assert_eq!(
        echo(&server, "forwarded", r#"for="[2001:db8::1]:4711""#).await,
        "Some(127.0.0.1) Some(2001:db8::1)"
    );
    assert_eq!(
        echo(&server, "x-forwarded-for", "6.6.6.6").await,
        "Some(127.0.0.1) Some(127.0.0.1)"
    );
}

#[tokio::test]
async fn nobody_else_does() {
    let proxies = TrustedProxies::new(["10.0.0.0/8", "::1"]).unwrap();
    let service = proxies.in_front_of(rpc());
    let behind = Server::with(|listener| grpcweb_runtime::serve(listener, service)).await;
    let alone = Server::serve(rpc()).await;
    for server in [behind, alone] {
        for (header, value) in [
            ("x-forwarded-for", "6.6.6.6"),
            ("forwarded", "for=6.6.6.6"),
            ("x-real-ip", "6.6.6.6"),
        ] {
            assert_eq!(
                echo(&server, header, value).await,
                "Some(127.0.0.1) Some(127.0.0.1)"
            );
        }
    }
}

#[tokio::test]
async fn a_trusted_proxy_says_whether_the_client_speaks_https() {
    let proxies = TrustedProxies::new(["127.0.0.0/8"]).unwrap();
    let service = proxies.clone().in_front_of(rpc());
    let server = Server::with(|listener| grpcweb_runtime::serve(listener, service)).await;
    let of = ("x-forwarded-for", "6.6.6.6, 192.0.2.1");
    let (https, element) = (
        ("x-forwarded-proto", "https"),
        ("forwarded", "for=192.0.2.1;proto=https"),
    );
    assert_eq!(scheme(&server, &[of, https]).await, "https");
    assert_eq!(scheme(&server, &[https]).await, "https");
    let made_up = ("x-forwarded-proto", "https, http");
    assert_eq!(scheme(&server, &[of, made_up]).await, "http");
    assert_eq!(scheme(&server, &[of, element]).await, "http");

    let service = proxies.forwarded().in_front_of(rpc());
    let server = Server::with(|listener| grpcweb_runtime::serve(listener, service)).await;
    assert_eq!(scheme(&server, &[element]).await, "https");
    let made_up = ("forwarded", "for=6.6.6.6;proto=https, for=192.0.2.1");
    assert_eq!(scheme(&server, &[made_up]).await, "http");
    assert_eq!(scheme(&server, &[of, https]).await, "http");
}

#[tokio::test]
async fn nobody_else_says_so() {
    let proxies = TrustedProxies::new(["10.0.0.0/8", "::1"]).unwrap();
    let service = proxies.in_front_of(rpc());
    let behind = Server::with(|listener| grpcweb_runtime::serve(listener, service)).await;
    let alone = Server::serve(rpc()).await;
    for server in [behind, alone] {
        let headers = [
            ("x-forwarded-for", "10.0.0.1"),
            ("x-forwarded-proto", "https"),
            ("forwarded", "for=10.0.0.1;proto=https"),
        ];
        assert_eq!(scheme(&server, &headers).await, "http");
    }
}

#[tokio::test]
async fn pages_are_told_too_and_under_axum() {
    let who = async |Extension(ClientIp(client)), Extension(scheme): Extension<ClientScheme>| {
        format!("{client} {}", scheme.as_str())
    };
    let app = axum::Router::new()
        .route("/who", get(who))
        .merge(rpc().into_axum_router())
        .layer(TrustedProxies::new(["127.0.0.1"]).unwrap())
        .into_make_service_with_connect_info::<SocketAddr>();
    let server = Server::with(|listener| axum::serve(listener, app)).await;

    assert_eq!(
        echo(&server, "x-forwarded-for", "192.0.2.1").await,
        "Some(127.0.0.1) Some(192.0.2.1)"
    );
    let mut connection = RawConnection::open(&server.address).await;
    connection
        .send(
            "GET /who HTTP/1.1\r\nhost: test\r\nx-forwarded-for: 192.0.2.1\r\n\
             x-forwarded-proto: https\r\n\r\n",
        )
        .await;
    assert_eq!(connection.response().await.body, "192.0.2.1 https");
}
