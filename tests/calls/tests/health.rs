//! The health service, over every transport, and its page.

use std::time::Duration;

use calls::proto::calls::NOTES_SERVICE;
use calls::proto::calls::notes_server::NotesServer;
use calls::{MyNotes, Server, over_router};
use grpcweb_runtime::health::pb::health_client::HealthClient;
use grpcweb_runtime::health::pb::{HealthCheckRequest, HealthCheckResponse, HealthListRequest};
use grpcweb_runtime::health::{HealthReporter, ServingStatus};
use grpcweb_runtime::{Code, Protocol, Router, ServerOptions, Streaming, client::Client};
use http_body_util::{BodyExt as _, Empty};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tower_service::Service as _;

const PATIENCE: Duration = Duration::from_secs(10);

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.into(),
    }
}

/// The next status of a stream, or the code that it ended with.
async fn next(
    stream: &mut Streaming<HealthCheckResponse>,
    name: &str,
) -> Result<ServingStatus, Code> {
    let message = timeout(PATIENCE, stream.message()).await;
    let message = message.unwrap_or_else(|_| panic!("{name}: nothing was sent"));
    let message = message.map_err(|status| status.code())?;
    Ok(message
        .unwrap_or_else(|| panic!("{name}: it ended"))
        .status())
}

#[tokio::test]
async fn check_says_the_status_that_was_set_and_knows_no_other_service() {
    let health = HealthReporter::new();
    let (_server, clients) = over_router(Router::new().add_service(health.service())).await;
    for (name, client) in clients {
        let client = HealthClient::from(client);
        let check = |service: &'static str| {
            let reply = client.check(of(service));
            async { reply.await.map(|reply| reply.get_ref().status()) }
        };
        assert_eq!(check("").await.unwrap(), ServingStatus::Serving, "{name}");
        let unknown = check("calls.Notes").await.unwrap_err();
        assert_eq!(unknown.code(), Code::NotFound, "{name}");

        for status in [ServingStatus::NotServing, ServingStatus::Serving] {
            health.set(&NOTES_SERVICE, status);
            assert_eq!(check("calls.Notes").await.unwrap(), status, "{name}");
        }
        health.set("calls.Notes", ServingStatus::ServiceUnknown);
        assert!(check("calls.Notes").await.is_err(), "{name}");
    }
}

#[tokio::test]
async fn list_says_the_status_of_every_service() {
    let health = HealthReporter::new();
    health.set(
        &NotesServer::new(MyNotes::default()),
        ServingStatus::NotServing,
    );
    let (_server, clients) = over_router(Router::new().add_service(health.service())).await;
    for (name, client) in clients {
        let reply = HealthClient::from(client).list(HealthListRequest {}).await;
        let mut statuses: Vec<_> = reply
            .unwrap()
            .into_inner()
            .statuses
            .into_iter()
            .map(|(service, response)| (service, response.status()))
            .collect();
        statuses.sort();
        let expected = [
            (String::new(), ServingStatus::Serving),
            ("calls.Notes".to_string(), ServingStatus::NotServing),
        ];
        assert_eq!(statuses, expected, "{name}");
    }
}

#[tokio::test]
async fn watch_says_the_status_and_then_each_change_and_nothing_else() {
    let health = HealthReporter::new();
    let (_server, clients) = over_router(Router::new().add_service(health.service())).await;
    for (name, client) in clients {
        let stream = HealthClient::from(client).watch(of("calls.Notes")).await;
        let mut stream = stream.unwrap().into_inner();
        let first = next(&mut stream, name).await;
        assert_eq!(first, Ok(ServingStatus::ServiceUnknown), "{name}");
        for status in [
            ServingStatus::Serving,
            ServingStatus::NotServing,
            ServingStatus::Serving,
            ServingStatus::ServiceUnknown,
        ] {
            health.set("another.Service", status);
            health.set(&NOTES_SERVICE, status);
            health.set(&NOTES_SERVICE, status);
            assert_eq!(next(&mut stream, name).await, Ok(status), "{name}");
        }
    }
}

#[tokio::test]
async fn a_name_that_is_too_long_for_one_is_not_kept() {
    let health = HealthReporter::new();
    let (_server, clients) = over_router(Router::new().add_service(health.service())).await;
    let long = "a".repeat(5000);
    for (name, client) in clients {
        let client = HealthClient::from(client);
        let check = client.check(of(&long)).await.unwrap_err();
        assert_eq!(check.code(), Code::ResourceExhausted, "{name}: {check}");
        let watch = client.watch(of(&long)).await;
        let watched = match watch {
            Ok(watch) => next(&mut watch.into_inner(), name).await,
            Err(status) => Err(status.code()),
        };
        assert_eq!(watched, Err(Code::ResourceExhausted), "{name}");
    }
}

/// However often a status changes while nobody reads, the stream holds one.
#[tokio::test]
async fn a_timeout_of_the_router_ends_a_check_and_not_a_watch() {
    let health = HealthReporter::new();
    let options = ServerOptions::new().timeout(Duration::ZERO);
    let router = Router::new().with_options(options);
    let (_server, clients) = over_router(router.add_service(health.service())).await;
    for (name, client) in clients {
        let client = HealthClient::from(client);
        let late = client.check(of("")).await.unwrap_err();
        assert_eq!(late.code(), Code::DeadlineExceeded, "{name}");
        let mut watch = client.watch(of("")).await.expect(name).into_inner();
        assert_eq!(next(&mut watch, name).await, Ok(ServingStatus::Serving));
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_misses_what_was_in_between_and_not_the_latest() {
    let health = HealthReporter::new();
    let (_server, clients) = over_router(Router::new().add_service(health.service())).await;
    for (name, client) in clients {
        health.set(&NOTES_SERVICE, ServingStatus::NotServing);
        let stream = HealthClient::from(client).watch(of("calls.Notes")).await;
        let mut stream = stream.unwrap().into_inner();
        let mut status = next(&mut stream, name).await;
        for _ in 0..1000 {
            health.set(&NOTES_SERVICE, ServingStatus::Serving);
            health.set(&NOTES_SERVICE, ServingStatus::NotServing);
        }
        health.set(&NOTES_SERVICE, ServingStatus::Unknown);
        let mut received = 0;
        while status != Ok(ServingStatus::Unknown) {
            status = next(&mut stream, name).await;
            received += 1;
        }
        // No task of the server ran in between: this test has one thread, and did not wait.
        assert_eq!(received, 1, "{name}");
    }
}

#[tokio::test]
async fn after_a_shutdown_nothing_serves_until_it_is_taken_back() {
    let health = HealthReporter::new();
    let (_server, clients) = over_router(Router::new().add_service(health.service())).await;
    for (name, client) in clients {
        let client = HealthClient::from(client);
        health.set(&NOTES_SERVICE, ServingStatus::Serving);
        let watch = || async { client.watch(of("calls.Notes")).await.unwrap().into_inner() };
        let mut stream = watch().await;
        assert_eq!(next(&mut stream, name).await, Ok(ServingStatus::Serving));

        health.shut_down();
        health.set(&NOTES_SERVICE, ServingStatus::Serving);
        assert_eq!(next(&mut stream, name).await, Ok(ServingStatus::NotServing));
        assert_eq!(next(&mut stream, name).await, Err(Code::Unavailable));
        for service in ["", "calls.Notes"] {
            let reply = client.check(of(service)).await.unwrap();
            assert_eq!(reply.get_ref().status(), ServingStatus::NotServing);
        }
        // A status would make a client of gRPC call again at once, and again.
        let again = match client.watch(of("calls.Notes")).await {
            Ok(stream) => next(&mut stream.into_inner(), name).await,
            Err(status) => Err(status.code()),
        };
        assert_eq!(again, Err(Code::Unavailable), "{name}");

        health.resume();
        let status = next(&mut watch().await, name).await;
        assert_eq!(status, Ok(ServingStatus::Serving), "{name}");
        assert_eq!(health.get(""), ServingStatus::Serving);
    }
}

#[tokio::test]
async fn those_who_watch_are_told_that_the_server_shuts_down_and_do_not_hold_it_up() {
    for (http2, protocol) in [
        (false, Protocol::GrpcWeb),
        (false, Protocol::GrpcWebText),
        (true, Protocol::Grpc),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        let router = Router::new().add_service(HealthReporter::new().service());
        let server = grpcweb_runtime::serve(listener, router).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        let server = tokio::spawn(server.into_future());
        let builder = grpcweb_runtime::Channel::builder();
        let builder = if http2 {
            builder.http2_prior_knowledge()
        } else {
            builder
        };
        let channel = builder.build(&format!("http://{address}")).unwrap();
        let client = HealthClient::from(Client::new(channel).protocol(protocol));
        let name = format!("{protocol:?}");
        let mut streams = Vec::new();
        for service in ["", "unknown"] {
            streams.push(client.watch(of(service)).await.unwrap().into_inner());
        }
        let [known, unknown] = &mut streams[..] else {
            unreachable!("two were asked for");
        };
        assert_eq!(next(known, &name).await, Ok(ServingStatus::Serving));
        assert_eq!(
            next(unknown, &name).await,
            Ok(ServingStatus::ServiceUnknown)
        );
        stop.send(()).unwrap();
        assert_eq!(next(known, &name).await, Ok(ServingStatus::NotServing));
        assert_eq!(next(known, &name).await, Err(Code::Unavailable));
        assert_eq!(next(unknown, &name).await, Err(Code::Unavailable));
        timeout(PATIENCE, server).await.unwrap().unwrap().unwrap();
    }
}

/// What load balancers need: to be told while connections are still taken.
#[tokio::test]
async fn new_connections_hear_that_nothing_serves_while_the_server_drains() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (stop, stopped) = oneshot::channel::<()>();
    let health = HealthReporter::new();
    let router = Router::new().add_service(health.service());
    let app = health.http_probe().in_front_of("/readyz", router);
    let server = grpcweb_runtime::serve(listener, app)
        .with_graceful_shutdown(async {
            let _ = stopped.await;
        })
        .on_shutdown(move || health.shut_down())
        .drain_delay(Duration::from_secs(600));
    let server = tokio::spawn(server.into_future());
    assert_eq!(get(&address, "GET", "/readyz").await.0, 200);
    stop.send(()).unwrap();
    let told = async { while get(&address, "GET", "/readyz").await.0 != 503 {} };
    timeout(PATIENCE, told).await.unwrap();
    assert!(!server.is_finished());
    server.abort();
}

async fn get(address: &str, method: &str, path: &str) -> (u16, String) {
    let mut channel = grpcweb_runtime::Channel::new(&format!("http://{address}")).unwrap();
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .body(grpcweb_runtime::Body::new(Empty::<bytes::Bytes>::new()))
        .unwrap();
    let response = channel.call(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.into()).unwrap())
}

/// With the page in front of a router, and as a route of axum.
#[tokio::test]
async fn the_page_says_whether_the_server_or_a_service_serves() {
    let health = HealthReporter::new();
    let router = Router::new().add_service(health.service());
    let probe = || health.http_probe();
    let in_front = probe()
        .of(&NOTES_SERVICE)
        .in_front_of("/notes", router.clone());
    let in_front = probe().in_front_of("/readyz", in_front);
    let in_front = Server::with(|listener| grpcweb_runtime::serve(listener, in_front)).await;
    let app = router
        .into_axum_router()
        .route_service("/readyz", probe())
        .route_service("/notes", probe().of("calls.Notes"));
    let app = Server::with(|listener| axum::serve(listener, app)).await;
    let ok = (200, "ok\n".to_string());
    let not = (503, "not serving\n".to_string());
    for address in [&in_front.address, &app.address] {
        assert_eq!(get(address, "GET", "/readyz").await, ok);
        assert_eq!(get(address, "HEAD", "/readyz").await, (200, String::new()));
        assert_eq!(get(address, "POST", "/readyz").await.0, 405);
        assert_eq!(get(address, "GET", "/notes").await, not);
        health.set(&NOTES_SERVICE, ServingStatus::Serving);
        assert_eq!(get(address, "GET", "/notes").await, ok);
        health.shut_down();
        assert_eq!(get(address, "GET", "/readyz").await, not);
        assert_eq!(get(address, "GET", "/notes").await, not);
        health.resume();
        health.set(&NOTES_SERVICE, ServingStatus::ServiceUnknown);
        assert_eq!(get(address, "GET", "/readyz/").await.0, 404);
        let channel = grpcweb_runtime::Channel::new(&format!("http://{address}")).unwrap();
        assert!(HealthClient::new(channel).check(of("")).await.is_ok());
    }
}
