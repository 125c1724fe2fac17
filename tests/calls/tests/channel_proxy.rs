//! A channel behind a proxy that the environment names. A process has one environment, so that each call is
//! made by a program of its own.

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use calls::{MyNotes, Server};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

const PATIENCE: Duration = Duration::from_secs(30);

/// A host that only a proxy knows: no name server is asked for a name as long as this.
const HOST: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.test";

/// `user:secret` in base64.
const CREDENTIALS: &str = "Basic dXNlcjpzZWNyZXQ=";

/// Makes a call in an environment with these variables, and tells what came of it.
async fn call(environment: &[(&str, &str)], arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_call"));
    for name in [
        "ALL_PROXY",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "REQUEST_METHOD",
    ] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.envs(environment.iter().copied()).args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = tokio::time::timeout(PATIENCE, output)
        .await
        .unwrap()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// What a proxy does with a request once it has its head.
#[derive(Clone)]
enum Behaviour {
    /// Hands it to the server, whatever the server is called.
    Forward,
    /// Opens a tunnel to the server, and takes TLS off it where there is an acceptor.
    Tunnel(Option<TlsAcceptor>),
    Answer(&'static str),
}

/// A proxy, and the heads of the requests that it got.
struct Proxy {
    uri: String,
    heads: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
    _server: Server,
}

impl Proxy {
    async fn start(behaviour: Behaviour) -> Self {
        let server = Server::start(MyNotes::default()).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://user:secret@{}", listener.local_addr().unwrap());
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let (log, back) = (Arc::clone(&heads), server.address.clone());
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(relay(
                    client,
                    back.clone(),
                    Arc::clone(&log),
                    behaviour.clone(),
                ));
            }
        });
        Self {
            uri,
            heads,
            task,
            _server: server,
        }
    }

    /// The one request that it got.
    fn head(&self) -> String {
        let heads = self.heads.lock().unwrap();
        assert_eq!(heads.len(), 1, "{heads:?}");
        heads[0].clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn relay(
    mut client: TcpStream,
    back: String,
    log: Arc<Mutex<Vec<String>>>,
    behaviour: Behaviour,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    log.lock()
        .unwrap()
        .push(String::from_utf8_lossy(&head).into_owned());
    let mut server = TcpStream::connect(back).await?;
    match behaviour {
        Behaviour::Forward => server.write_all(&head).await?,
        Behaviour::Answer(answer) => return client.write_all(answer.as_bytes()).await,
        Behaviour::Tunnel(acceptor) => {
            client
                .write_all(b"HTTP/1.1 200 Connected\r\nVia: a test\r\n\r\n")
                .await?;
            if let Some(acceptor) = acceptor {
                let mut client = acceptor.accept(client).await?;
                copy_bidirectional(&mut client, &mut server).await?;
                return Ok(());
            }
        }
    }
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

#[tokio::test]
async fn calls_in_http1_without_tls_are_handed_to_the_proxy_one_by_one() {
    let proxy = Proxy::start(Behaviour::Forward).await;
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        let said = call(
            &[(variable, &proxy.uri)],
            &[&format!("http://{HOST}:8080/")],
        )
        .await;
        assert_eq!(said, "through", "{variable}");
        let head = proxy.head();
        let first = format!("POST http://{HOST}:8080/calls.Notes/Echo HTTP/1.1\r\n");
        assert!(head.starts_with(&first), "{head}");
        assert!(
            head.contains(&format!("proxy-authorization: {CREDENTIALS}\r\n")),
            "{head}"
        );
        proxy.heads.lock().unwrap().clear();
    }
}

#[tokio::test]
async fn http2_without_tls_goes_through_a_tunnel() {
    let proxy = Proxy::start(Behaviour::Tunnel(None)).await;
    let said = call(
        &[("HTTP_PROXY", &proxy.uri)],
        &[&format!("http://{HOST}"), "http2"],
    )
    .await;
    assert_eq!(said, "through");
    let head = proxy.head();
    assert!(
        head.starts_with(&format!("CONNECT {HOST}:80 HTTP/1.1\r\n")),
        "{head}"
    );
    assert!(
        head.contains(&format!("Proxy-Authorization: {CREDENTIALS}\r\n")),
        "{head}"
    );
}

#[tokio::test]
async fn tls_goes_through_a_tunnel_to_the_server_itself() {
    // A certificate may not have a name that long.
    let host = "service.test";
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed([host.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    std::fs::write(&file, cert.pem()).unwrap();

    let acceptor = TlsAcceptor::from(Arc::new(config));
    let proxy = Proxy::start(Behaviour::Tunnel(Some(acceptor))).await;
    let ca = format!("ca={}", file.display());
    let said = call(
        &[("HTTPS_PROXY", &proxy.uri)],
        &[&format!("https://{host}"), &ca],
    )
    .await;
    assert_eq!(said, "through");
    let head = proxy.head();
    assert!(
        head.starts_with(&format!("CONNECT {host}:443 HTTP/1.1\r\n")),
        "{head}"
    );
    assert!(head.contains(CREDENTIALS), "{head}");
}

#[tokio::test]
async fn a_proxy_can_be_turned_off_by_the_environment_and_by_the_program() {
    let proxy = Proxy::start(Behaviour::Forward).await;
    let uri = format!("http://{HOST}");
    let http = ("HTTP_PROXY", &proxy.uri[..]);
    for (environment, arguments) in [
        (
            &[http, ("NO_PROXY", "elsewhere,.test")][..],
            &[&uri[..]][..],
        ),
        (&[http, ("no_proxy", "*")], &[&uri]),
        (&[http], &[&uri, "no-proxy"]),
        (&[("HTTPS_PROXY", &proxy.uri)], &[&uri]),
    ] {
        let said = call(environment, arguments).await;
        assert!(said.contains("no address for"), "{environment:?}: {said}");
    }
    assert_eq!(*proxy.heads.lock().unwrap(), [""; 0]);
}

#[tokio::test]
async fn this_machine_is_not_behind_a_proxy() {
    let proxy = Proxy::start(Behaviour::Forward).await;
    let server = Server::start(MyNotes::default()).await;
    let uri = format!("http://{}", server.address);
    assert_eq!(
        call(&[("HTTP_PROXY", &proxy.uri)], &[&uri]).await,
        "through"
    );
    assert_eq!(*proxy.heads.lock().unwrap(), [""; 0]);
}

#[tokio::test]
async fn what_the_proxy_refuses_is_told_without_its_password() {
    for (answer, reason) in [
        (
            "HTTP/1.1 407 No\r\n\r\n",
            "407 Proxy Authentication Required",
        ),
        ("HTTP/1.1 403 No\r\n\r\n", "403 Forbidden"),
        ("SSH-2.0\r\n\r\n", "not HTTP"),
        ("HTTP/1.1 200", "unexpected end"),
    ] {
        let proxy = Proxy::start(Behaviour::Answer(answer)).await;
        let uri = format!("http://{HOST}");
        let said = call(&[("HTTP_PROXY", &proxy.uri)], &[&uri, "http2"]).await;
        let (_, address) = proxy.uri.split_once('@').unwrap();
        assert!(said.starts_with("UNAVAILABLE: no connection to"), "{said}");
        assert!(said.contains(HOST) && said.contains(address), "{said}");
        assert!(said.contains(reason), "{said}");
        assert!(!said.contains("secret"), "{said}");
    }
}

#[tokio::test]
async fn a_proxy_that_a_channel_does_not_know_is_a_mistake_that_says_what_to_do() {
    let uri = format!("http://{HOST}");
    for proxy in ["socks5://user:secret@host", "https://user:secret@host"] {
        let said = call(&[("ALL_PROXY", proxy)], &[&uri]).await;
        assert!(said.starts_with("not built: "), "{said}");
        assert!(
            said.contains("NO_PROXY") && said.contains("no_proxy()"),
            "{said}"
        );
        assert!(!said.contains("secret"), "{said}");
    }
}
