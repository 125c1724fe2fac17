//! HTTP layer.

use std::io::Read as _;
use std::pin::Pin;

use axum::routing::{get, post};
use calls::proto::calls::Note;
use calls::wire::{BINARY, GRPC, Reply, TEXT, frame, message, request};
use calls::{MyNotes, RawConnection, Server, note};
use grpcweb_runtime::{Body, Cors, Router, ServerOptions};
use http::{HeaderMap, Request};
use http_body::Body as _;
use prost::Message as _;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use tower_http::trace::TraceLayer;
use tower_layer::Layer as _;
use tower_service::Service as _;

use crate::{WAYS, answer, fetch, fetch_raw, in_mode, rpc};

/// An application with routes and a fallback of its own, and the notes.
fn app() -> axum::Router {
    axum::Router::new()
        .route("/health", get(async || "well").options(async || "options"))
        .route("/api", post(async |body: String| body))
        .fallback(async || (http::StatusCode::NOT_FOUND, "no such page"))
        .merge(rpc(&MyNotes::default()).into_axum_router())
}

async fn echo(server: &Server, http2: bool, content_type: &str, text: &str) -> Reply {
    let body = in_mode(content_type, &message(text));
    fetch(server, http2, request("Echo", content_type, [&body[..]])).await
}

/// Known mistake 35.
#[tokio::test]
async fn what_is_no_call_reaches_the_application_whoever_serves_it() {
    let servers = [
        Server::with(|listener| grpcweb_runtime::serve(listener, app())).await,
        Server::with(|listener| axum::serve(listener, app())).await,
    ];
    for server in &servers {
        for (head, body, status, answer) in [
            ("GET /health", "", 200, "well"),
            ("OPTIONS /health", "", 200, "options"),
            (
                "OPTIONS /health",
                "content-type: application/grpc-web\r\n",
                200,
                "options",
            ),
            ("GET /elsewhere", "", 404, "no such page"),
            (
                "POST /elsewhere",
                "content-type: application/grpc-web\r\n",
                404,
                "no such page",
            ),
            ("POST /api", "content-type: application/json\r\n", 200, "{}"),
            ("GET /calls.Notes/Echo", "", 405, ""),
            ("OPTIONS /calls.Notes/Echo", "", 405, ""),
        ] {
            let content = if answer == "{}" { "{}" } else { "" };
            let request = format!(
                "{head} HTTP/1.1\r\nhost: test\r\n{body}content-length: {}\r\n\r\n{content}",
                content.len()
            );
            let reply = fetch_raw(server, request).await;
            assert_eq!(reply.head.status(), status, "{head} {body}");
            assert_eq!(reply.body, answer, "{head} {body}");
        }
        assert_eq!(echo(server, false, BINARY, "a").await.code(), 0);
    }
}

/// Known mistake 36.
#[tokio::test]
async fn a_content_type_is_taken_in_any_case_with_parameters_and_merged_with_another() {
    for (content_type, answered) in [
        ("application/grpc-web; charset=utf-8", BINARY),
        ("Application/gRPC-Web+Proto", BINARY),
        ("application/grpc-web+proto, application/grpc", BINARY),
        ("application/grpc-web,application/grpc-web", BINARY),
        (
            "application/grpc-web-text; charset=utf-8",
            "application/grpc-web-text+proto",
        ),
    ] {
        let mode = if answered == BINARY { BINARY } else { TEXT };
        let body = in_mode(mode, &message("a"));
        let reply = answer(request("Echo", content_type, [&body[..]])).await;
        assert_eq!(reply.header("content-type"), answered, "{content_type}");
        assert_eq!(reply.read(), (vec![note("a")], "grpc-status:0\r\n".into()));
    }
}

/// Known mistake 37.
#[tokio::test]
async fn other_formats_methods_and_paths_have_their_own_answers_over_every_mount() {
    let notes = MyNotes::default();
    let servers = [
        Server::serve(rpc(&notes)).await,
        Server::with(|listener| axum::serve(listener, rpc(&notes).into_axum_router::<()>())).await,
    ];
    for server in &servers {
        for http2 in [false, true] {
            for content_type in ["application/grpc-web+thrift", "application/grpc-web+json"] {
                let reply = fetch(server, http2, request("Echo", content_type, [])).await;
                assert_eq!(reply.code(), 12, "{content_type}");
            }
            let get = Request::get("/calls.Notes/Echo")
                .body(Body::empty())
                .unwrap();
            let reply = fetch(server, http2, get).await;
            assert_eq!(
                (reply.head.status().as_u16(), reply.header("allow")),
                (405, "POST")
            );
            let reply = fetch(server, http2, request("Nothing", BINARY, [])).await;
            assert_eq!(reply.code(), 12);
        }
        let reply = fetch(server, true, request("Echo", "application/grpc+thrift", [])).await;
        assert_eq!(reply.code(), 12);
    }
}

const PAGE: &str = "https://page.example";

/// The notes for pages of one origin, with their cookies.
fn cors() -> Cors {
    let cors = Cors::origins([PAGE]).unwrap().with_credentials().unwrap();
    cors.expose(["x-initial"]).unwrap()
}

async fn both_mounts_with_cors() -> [Server; 2] {
    let notes = MyNotes::default();
    let alone = cors().layer(rpc(&notes));
    let in_axum = app().layer(cors());
    [
        Server::with(|listener| grpcweb_runtime::serve(listener, alone)).await,
        Server::with(|listener| axum::serve(listener, in_axum)).await,
    ]
}

/// The parts of a header that is a list.
fn list(headers: &HeaderMap, name: &str) -> Vec<String> {
    let values = headers.get_all(name).iter();
    let parts = values.flat_map(|value| value.to_str().unwrap().split(','));
    parts.map(|part| part.trim().to_lowercase()).collect()
}

/// Known mistake 40.
#[tokio::test]
async fn a_preflight_allows_the_origin_and_the_headers_of_the_page_and_never_the_host() {
    for server in both_mounts_with_cors().await {
        for (origin, allowed) in [
            (PAGE, PAGE),
            ("https://other.example", ""),
            ("http://test", ""),
        ] {
            let asked = "content-type,grpc-timeout,x-custom,x-grpc-web,x-user-agent,authorization";
            let request = format!(
                "OPTIONS /calls.Notes/Echo HTTP/1.1\r\nhost: test\r\norigin: {origin}\r\n\
                 access-control-request-method: POST\r\naccess-control-request-headers: {asked}\r\n\r\n"
            );
            let reply = fetch_raw(&server, request).await;
            assert!(reply.head.status().is_success(), "{origin}");
            assert_eq!(
                reply.header("access-control-allow-origin"),
                allowed,
                "{origin}"
            );
            let headers = reply.head.headers();
            assert!(list(headers, "vary").contains(&"origin".into()), "{origin}");
            assert_eq!(list(headers, "access-control-allow-methods"), ["post"]);
            assert_eq!(
                list(headers, "access-control-allow-headers").join(","),
                asked,
                "{origin}"
            );
            assert_eq!(reply.header("access-control-allow-credentials"), "true");
        }
    }
}

/// Known mistake 40.
#[tokio::test]
async fn every_answer_carries_cors_headers_errors_and_refusals_too() {
    for server in both_mounts_with_cors().await {
        for (path, content_type, text, status) in [
            ("/calls.Notes/Echo", BINARY, "a", 200),
            ("/calls.Notes/Echo", BINARY, "fail", 200),
            ("/calls.Notes/Nothing", BINARY, "", 200),
            ("/calls.Notes/Echo", "text/plain", "", 415),
            ("/elsewhere", "text/plain", "", 404),
        ] {
            let mut request = request("", content_type, [&message(text)[..]]);
            *request.uri_mut() = path.parse().unwrap();
            request
                .headers_mut()
                .insert("origin", PAGE.parse().unwrap());
            let reply = fetch(&server, false, request).await;
            let place = format!("{path} {content_type} {text}");
            assert_eq!(reply.head.status(), status, "{place}");
            assert_eq!(reply.header("access-control-allow-origin"), PAGE, "{place}");
            assert_eq!(
                reply.header("access-control-allow-credentials"),
                "true",
                "{place}"
            );
            let headers = reply.head.headers();
            assert!(list(headers, "vary").contains(&"origin".into()), "{place}");
            let exposed = list(headers, "access-control-expose-headers");
            for name in [
                "grpc-status",
                "grpc-message",
                "grpc-status-details-bin",
                "x-initial",
            ] {
                assert!(exposed.contains(&name.into()), "{place}: {exposed:?}");
            }
        }
    }
}

/// Known mistake 41.
#[tokio::test]
async fn a_router_is_merged_nested_and_a_fallback_without_a_panic() {
    let notes = MyNotes::default();
    let fallback = || axum::Router::new().fallback(async || "page");
    let rpc_router = || rpc(&notes).into_axum_router();
    let apps = [
        fallback().merge(rpc_router()),
        rpc_router().merge(fallback()),
        rpc_router().fallback(async || "page"),
        fallback().nest("/api", rpc_router()).merge(rpc_router()),
        axum::Router::new().fallback_service(rpc(&notes)),
        axum::Router::new().route_service("/calls.Notes/{*method}", rpc(&notes)),
    ];
    for (n, mut app) in apps.into_iter().enumerate() {
        let request = request("Echo", BINARY, [&message("a")[..]]);
        let reply = Reply::collect(app.call(request).await.unwrap())
            .await
            .unwrap();
        assert_eq!(reply.code(), 0, "{n}");
    }
}

/// Known mistake 41.
#[test]
#[should_panic(expected = "conflict with previously registered route")]
fn the_same_service_in_two_routers_of_an_application_is_a_loud_error() {
    let router = || rpc(&MyNotes::default()).into_axum_router::<()>();
    let _ = router().merge(router());
}

/// The body as it was before it was compressed as a whole.
fn decoded(reply: Reply) -> Reply {
    let encodings = list(reply.head.headers(), "content-encoding");
    let mut body = Vec::new();
    match encodings.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => return reply,
        ["gzip"] => flate2::read::GzDecoder::new(&reply.body[..])
            .read_to_end(&mut body)
            .unwrap(),
        ref more => panic!("encoded as {more:?}"),
    };
    Reply {
        body: body.into(),
        ..reply
    }
}

/// Known mistake 42.
#[tokio::test]
async fn an_answer_passes_layers_that_trace_and_compress_whole_and_is_compressed_once() {
    let notes = MyNotes::default();
    let layered = |content_encoding: bool| {
        let options = ServerOptions::new().content_encoding(content_encoding);
        let router = rpc(&notes).with_options(options);
        let compression = CompressionLayer::new().compress_when(SizeAbove::new(0));
        TraceLayer::new_for_grpc().layer(compression.layer(router))
    };
    let in_axum = app()
        .layer(CompressionLayer::new().compress_when(SizeAbove::new(0)))
        .layer(TraceLayer::new_for_http());
    let servers = [
        Server::with(|listener| grpcweb_runtime::serve(listener, layered(false))).await,
        Server::with(|listener| grpcweb_runtime::serve(listener, layered(true))).await,
        Server::with(|listener| axum::serve(listener, in_axum)).await,
    ];
    let long = "a".repeat(1000);
    for (n, server) in servers.iter().enumerate() {
        for (http2, content_type) in WAYS {
            for (method, text) in [("Echo", &long[..]), ("Echo", "fail"), ("Repeat", &long)] {
                let place = format!("{n} {method} {content_type} HTTP/2: {http2}");
                let sent = Note {
                    count: 2,
                    ..note(text)
                };
                let body = in_mode(content_type, &frame(0, &sent.encode_to_vec()));
                let mut request = request(method, content_type, [&body[..]]);
                let headers = request.headers_mut();
                headers.insert("accept-encoding", "gzip".parse().unwrap());
                headers.insert("x-trailing", "kept".parse().unwrap());
                let reply = decoded(fetch(server, http2, request).await);
                let (messages, trailers) = reply.read();
                let count = match (method, text) {
                    ("Repeat", _) => 2,
                    (_, "fail") => 0,
                    _ => 1,
                };
                assert_eq!(messages.len(), count, "{place}");
                let code = if text == "fail" { 9 } else { 0 };
                assert_eq!(reply.code(), code, "{place}");
                assert!(trailers.contains("x-trailing:kept"), "{place}: {trailers}");
            }
        }
    }
}

/// Known mistake 43.
#[tokio::test]
async fn a_client_that_waits_for_100_continue_is_told_to_go_on() {
    let server = Server::start(MyNotes::default()).await;
    let mut connection = RawConnection::open(&server.address).await;
    for method in ["Echo", "Join"] {
        let body = message("abc");
        let lines = format!("content-length: {}\r\nexpect: 100-continue\r\n", body.len());
        connection
            .send(RawConnection::head(method, BINARY, &lines))
            .await;
        let go_on = connection.response().await;
        assert_eq!(go_on.head.status(), 100, "{method}");
        connection.send(&body).await;
        assert_eq!(connection.response().await.read().0.len(), 1, "{method}");
    }
}

/// Known mistake 43.
#[tokio::test]
async fn connection_close_is_kept_to_and_answered_in_full() {
    let server = Server::start(MyNotes::default()).await;
    for (method, text, code) in [("Echo", "abc", 0), ("Echo", "fail", 9), ("Nothing", "", 12)] {
        let body = message(text);
        let lines = format!("content-length: {}\r\nconnection: close\r\n", body.len());
        let head = RawConnection::head(method, BINARY, &lines);
        let mut connection = RawConnection::open(&server.address).await;
        connection.send([head.as_bytes(), &body].concat()).await;
        assert_eq!(connection.response().await.code(), code, "{method} {text}");
        assert!(connection.ends().await);
    }
}

/// Known mistake 43.
#[tokio::test]
async fn an_early_error_leaves_the_connection_good_in_every_mount() {
    let in_axum = app();
    let servers = [
        Server::start(MyNotes::default()).await,
        Server::with(|listener| axum::serve(listener, in_axum)).await,
    ];
    for server in &servers {
        let mut connection = RawConnection::open(&server.address).await;
        for method in ["Echo", "Join", "Nothing", "Chat"] {
            // A fault at the start of a body that is longer than any buffer.
            let body = [&frame(0x80, b"")[..], &[b'x'; 1_000_000]].concat();
            let length = format!("content-length: {}\r\n", body.len());
            let head = RawConnection::head(method, BINARY, &length);
            connection.send([head.as_bytes(), &body].concat()).await;
            let code = connection.response().await.code();
            assert_eq!(code, if method == "Nothing" { 12 } else { 3 }, "{method}");
        }
    }
}

/// Known mistake 43.
#[tokio::test]
async fn an_early_error_of_a_stream_arrives_though_the_client_is_still_sending() {
    let server = Server::start(MyNotes::default()).await;
    // A fault at the start of a body that is longer than any buffer.
    let body = [&frame(0x80, b"")[..], &[b'x'; 8_000_000]].concat();
    let length = format!("content-length: {}\r\n", body.len());
    let head = RawConnection::head("Chat", BINARY, &length);
    let call = [head.as_bytes(), &body].concat();
    let mut connection = RawConnection::open(&server.address).await;
    for _ in 0..10 {
        connection.send(&call).await;
        assert_eq!(connection.response().await.code(), 3);
    }
}

/// Known mistake 45.
#[tokio::test]
async fn only_native_grpc_ends_in_http_trailers_and_never_in_empty_ones() {
    let server = Server::start(MyNotes::default()).await;
    for content_type in [BINARY, TEXT, GRPC] {
        for (method, text) in [
            ("Echo", "a"),
            ("Echo", "fail"),
            ("Repeat", ""),
            ("Chat", "a"),
        ] {
            let body = in_mode(content_type, &message(text));
            let request = request(method, content_type, [&body[..]]);
            let response = server.channel(true).call(request).await.unwrap();
            let status_in_head = response.headers().contains_key("grpc-status");
            let mut body = response.into_body();
            let mut trailers = Vec::new();
            while let Some(part) =
                std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await
            {
                trailers.extend(part.unwrap().into_trailers().ok());
            }
            let expected = usize::from(content_type == GRPC && !status_in_head);
            assert_eq!(trailers.len(), expected, "{method} {text} {content_type}");
            assert!(
                trailers
                    .iter()
                    .all(|trailers| trailers.contains_key("grpc-status"))
            );
        }
    }
}

/// Known mistake 44.
#[tokio::test]
async fn a_router_below_a_stripped_prefix_answers_every_protocol() {
    let app = axum::Router::new().nest("/api/v1", rpc(&MyNotes::default()).into_axum_router());
    let nested_service =
        axum::Router::new().nest_service("/api/v1", Router::clone(&rpc(&MyNotes::default())));
    for app in [app, nested_service] {
        let server = Server::with(|listener| grpcweb_runtime::serve(listener, app)).await;
        for (http2, content_type) in WAYS {
            let body = in_mode(content_type, &message("a"));
            let mut request = request("Echo", content_type, [&body[..]]);
            *request.uri_mut() = "/api/v1/calls.Notes/Echo".parse().unwrap();
            let reply = fetch(&server, http2, request).await;
            assert_eq!(reply.read().0, [note("a")], "{content_type}");
        }
    }
}

#[tokio::test]
async fn a_request_without_a_host_is_answered() {
    let in_axum = app();
    let servers = [
        Server::start(MyNotes::default()).await,
        Server::with(|listener| axum::serve(listener, in_axum)).await,
    ];
    for server in &servers {
        let body = message("a");
        let head = format!(
            "POST /calls.Notes/Echo HTTP/1.1\r\ncontent-type: {BINARY}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let reply = fetch_raw(server, [head.as_bytes(), &body].concat()).await;
        assert_eq!(reply.read().0, [note("a")]);
    }
}
