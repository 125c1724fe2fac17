//! The program as its operators and its clients meet it.
#![cfg(unix)]

use std::future::IntoFuture;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use grpcweb_runtime::health::ServingStatus;
use grpcweb_runtime::health::pb::HealthCheckRequest;
use grpcweb_runtime::health::pb::health_client::HealthClient;
use grpcweb_runtime::{Body, Channel, Code, Request};
use http_body_util::BodyExt as _;
use proto::warehouse::v1::warehouse_client::WarehouseClient;
use proto::warehouse::v1::{AdjustRequest, WAREHOUSE_SERVICE, WatchRequest};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use tower::{Service as _, ServiceExt as _};

mod proto {
    grpcweb_runtime::include_protos!();
}

/// How long anything may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

async fn soon<F: IntoFuture>(future: F) -> F::Output {
    let output = tokio::time::timeout(PATIENCE, future).await;
    output.expect("it takes too long")
}

/// The program, killed when it is dropped.
struct Program {
    child: Child,
    log: Lines<BufReader<ChildStdout>>,
    calls: String,
    pages: Channel,
}

impl Program {
    async fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_production"))
            .args(["--address", "127.0.0.1:0", "--internal-address"])
            .args(["127.0.0.1:0", "--drain-delay", "0"])
            .args(arguments)
            .env_clear()
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = line_with(&mut log, "serving").await;
        let address = |name: &str| {
            let mut fields = line.split_whitespace();
            let address = fields.find_map(|field| field.strip_prefix(name));
            address.unwrap().to_owned()
        };
        let pages = Channel::new(&format!("http://{}", address("pages="))).unwrap();
        let calls = address("calls=");
        Self {
            child,
            log,
            calls,
            pages,
        }
    }

    fn channel(&self) -> Channel {
        Channel::new(&format!("http://{}", self.calls)).unwrap()
    }

    fn warehouse(&self) -> WarehouseClient<Channel> {
        WarehouseClient::new(self.channel())
    }

    /// A warehouse that is trusted for one certificate.
    fn warehouse_with_tls(&self, certificate: &str) -> WarehouseClient<Channel> {
        let channel = Channel::builder().ca_certificate(certificate);
        let uri = format!("https://{}", self.calls);
        WarehouseClient::new(channel.build(&uri).unwrap())
    }

    async fn page(&self, path: &str) -> (u16, String) {
        let request = http::Request::get(path).body(Body::empty()).unwrap();
        let (status, page) = fetch(&self.pages, request).await;
        (status, String::from_utf8(page).unwrap())
    }

    async fn logs(&mut self, text: &str) -> String {
        line_with(&mut self.log, text).await
    }

    fn signal(&self, signal: Signal) {
        let id = self.child.id().unwrap().try_into().unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }
}

async fn line_with(log: &mut Lines<BufReader<ChildStdout>>, text: &str) -> String {
    loop {
        let line = soon(log.next_line()).await.unwrap();
        let line = line.unwrap_or_else(|| panic!("no line with {text:?} is logged"));
        if line.contains(text) {
            return line;
        }
    }
}

async fn fetch(channel: &Channel, request: http::Request<Body>) -> (u16, Vec<u8>) {
    let mut channel = channel.clone();
    let response = async { channel.ready().await?.call(request).await };
    let (head, body) = soon(response).await.unwrap().into_parts();
    let body = soon(body.collect()).await.unwrap().to_bytes();
    (head.status.as_u16(), body.to_vec())
}

fn adjust(by: i64) -> AdjustRequest {
    let item = "rope".to_owned();
    AdjustRequest { item, by }
}

#[tokio::test]
async fn a_call_is_answered_logged_and_counted_with_its_own_status() {
    let mut program = Program::start(&[]).await;
    let warehouse = program.warehouse();
    let stock = soon(warehouse.adjust(adjust(5))).await.unwrap();
    assert_eq!(stock.get_ref().pieces, 15);
    let status = soon(warehouse.adjust(adjust(-16))).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);

    // Written when the call has been counted.
    let line = program.logs("FAILED_PRECONDITION").await;
    assert!(line.contains("warehouse.v1.Warehouse/Adjust"), "{line}");
    let (status, metrics) = program.page("/metrics").await;
    assert_eq!(status, 200);
    for expected in [
        r#"rpc_server_calls_total{rpc_method="warehouse.v1.Warehouse/Adjust",rpc_response_status_code="OK"} 1"#,
        r#"rpc_server_calls_total{rpc_method="warehouse.v1.Warehouse/Adjust",rpc_response_status_code="FAILED_PRECONDITION"} 1"#,
        r#"rpc_server_calls_active{rpc_method="warehouse.v1.Warehouse/Adjust"} 0"#,
        r#"rpc_server_call_duration_seconds_bucket{rpc_method="warehouse.v1.Warehouse/Adjust",rpc_response_status_code="OK",le="10"} 1"#,
    ] {
        let mut lines = metrics.lines();
        assert!(lines.any(|line| line == expected), "{metrics}");
    }
}

#[tokio::test]
async fn health_is_told_to_probes_and_to_clients() {
    let program = Program::start(&[]).await;
    assert_eq!(program.page("/readyz").await, (200, "ok\n".to_owned()));
    let health = HealthClient::new(program.channel());
    let check = async |service: &str| {
        let service = service.to_owned();
        let reply = soon(health.check(HealthCheckRequest { service })).await;
        reply.map(|reply| reply.get_ref().status())
    };
    for service in ["", WAREHOUSE_SERVICE.name] {
        assert_eq!(check(service).await.unwrap(), ServingStatus::Serving);
    }
    let unknown = check("warehouse.v1.Shop").await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn reflection_is_there_where_it_is_asked_for() {
    // A frame of two bytes: `list_services`, field 7, is "".
    const LIST: &[u8] = &[0, 0, 0, 0, 2, 0x3a, 0];
    let list = || {
        http::Request::post("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
            .header("content-type", "application/grpc-web+proto")
            .body(Body::full(LIST))
            .unwrap()
    };
    let program = Program::start(&["--reflection"]).await;
    let (_, answer) = fetch(&program.channel(), list()).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.contains(WAREHOUSE_SERVICE.name), "{answer}");

    let program = Program::start(&[]).await;
    let (_, answer) = fetch(&program.channel(), list()).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(!answer.contains(WAREHOUSE_SERVICE.name), "{answer}");
}

#[tokio::test]
async fn a_client_that_calls_too_often_is_refused_and_others_are_not() {
    let limit = ["--calls-per-minute", "1", "--burst", "1"];
    let arguments = [&limit[..], &["--trusted-proxies", "127.0.0.1"]].concat();
    let program = Program::start(&arguments).await;
    let warehouse = program.warehouse();
    let call_from = async |client: &str| {
        let mut request = Request::new(adjust(0));
        let metadata = request.metadata_mut();
        metadata.insert("x-forwarded-for", client).unwrap();
        soon(warehouse.adjust(request)).await.map(drop)
    };
    call_from("192.0.2.1").await.unwrap();
    let refused = call_from("192.0.2.1").await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    call_from("192.0.2.2").await.unwrap();

    let health = HealthClient::new(program.channel());
    for _ in 0..3 {
        soon(health.check(HealthCheckRequest::default()))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_certificate_is_read_again_at_sighup() {
    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) = (
        directory.path().join("c.pem"),
        directory.path().join("k.pem"),
    );
    let issue = || {
        let issued = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        std::fs::write(&certificate, issued.cert.pem()).unwrap();
        std::fs::write(&key, issued.signing_key.serialize_pem()).unwrap();
        issued.cert.pem()
    };
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let first = issue();
    let arguments = [text(&certificate), text(&key)];
    let arguments = ["--tls-cert", &arguments[0], "--tls-key", &arguments[1]];
    let mut program = Program::start(&arguments).await;
    let call = async |program: &Program, certificate: &str| {
        let warehouse = program.warehouse_with_tls(certificate);
        soon(warehouse.adjust(adjust(1))).await.map(drop)
    };
    call(&program, &first).await.unwrap();

    let second = issue();
    program.signal(Signal::HUP);
    program.logs("certificate reloaded").await;
    call(&program, &second).await.unwrap();
    let stale = call(&program, &first).await.unwrap_err();
    assert_eq!(stale.code(), Code::Unavailable);

    std::fs::write(&certificate, "no certificate").unwrap();
    program.signal(Signal::HUP);
    program.logs("the old certificate stays").await;
    call(&program, &second).await.unwrap();
}

#[tokio::test]
async fn sigterm_ends_everything_in_order() {
    let mut program = Program::start(&["--timeout", "60"]).await;
    let service = WAREHOUSE_SERVICE.name.to_owned();
    let health = HealthClient::new(program.channel());
    let health = soon(health.watch(HealthCheckRequest { service })).await;
    let mut health = health.unwrap().into_inner();
    let status = soon(health.message()).await.unwrap().unwrap();
    assert_eq!(status.status(), ServingStatus::Serving);

    let item = "rope".to_owned();
    let stock = soon(program.warehouse().watch(WatchRequest { item })).await;
    let mut stock = stock.unwrap().into_inner();
    let now = soon(stock.message()).await.unwrap().unwrap();
    assert_eq!(now.pieces, 10);
    let mut slow = SlowCall::start(&program.calls).await;

    program.signal(Signal::TERM);
    let status = soon(health.message()).await.unwrap().unwrap();
    assert_eq!(status.status(), ServingStatus::NotServing);
    let end = soon(health.message()).await.unwrap_err();
    assert_eq!(end.code(), Code::Unavailable);
    let end = soon(stock.message()).await.unwrap_err();
    assert_eq!(
        (end.code(), end.message()),
        (Code::Unavailable, "the server is shutting down")
    );

    // The call that is slow holds the rest of the shutdown up.
    assert_eq!(program.page("/readyz").await.0, 503);
    assert!(soon(TcpStream::connect(&program.calls)).await.is_err());
    let answer = slow.finish().await;
    assert!(answer.contains("grpc-status:0"), "{answer}");

    program.logs("ended").await;
    assert!(soon(program.child.wait()).await.unwrap().success());
}

/// A call whose message takes its time.
struct SlowCall(TcpStream);

impl SlowCall {
    /// Begins it, and returns when the server waits for the message.
    async fn start(address: &str) -> Self {
        let mut stream = soon(TcpStream::connect(address)).await.unwrap();
        let head = "POST /warehouse.v1.Warehouse/Adjust HTTP/1.1\r\nhost: test\r\n\
                    content-type: application/grpc-web+proto\r\ncontent-length: 13\r\n\
                    expect: 100-continue\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
        soon(stream.read_exact(&mut answer)).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 100 Continue\r\n\r\n");
        Self(stream)
    }

    /// Sends the message: one more rope. Returns what there is until the connection is closed.
    async fn finish(&mut self) -> String {
        let message = b"\x00\x00\x00\x00\x08\x0a\x04rope\x10\x02";
        self.0.write_all(message).await.unwrap();
        let mut answer = Vec::new();
        soon(self.0.read_to_end(&mut answer)).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}
