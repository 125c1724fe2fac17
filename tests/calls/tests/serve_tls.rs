//! A server with TLS.

use std::error::Error as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use calls::proto::calls::Note;
use calls::proto::calls::notes_client::NotesClient;
use calls::proto::calls::notes_server::NotesServer;
use calls::{MyNotes, RawConnection, Server, note};
use grpcweb_runtime::client::{ChannelBuilder, Client};
use grpcweb_runtime::server::{Pem, Serve, ServerTls, ServerTlsBuilder, TlsError, TrustedProxies};
use grpcweb_runtime::{Body, Channel, Code, ConnectionInfo, Protocol, Request, Router};
use grpcweb_runtime::{MethodDescriptor, ServerOptions, Status};
use http::{Response, Version};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tower_layer::Layer as _;

/// How long anything may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A certificate authority of the test.
struct Authority(CertifiedIssuer<'static, KeyPair>);

static COUNT: AtomicUsize = AtomicUsize::new(0);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        // Found by its name, and only then by its key.
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("authority {number}");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate and its key, in PEM.
    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// What a server for `127.0.0.1` has.
    fn server(&self) -> ServerTlsBuilder {
        let (certificate, key) = self.issue("127.0.0.1");
        ServerTls::builder().certificate(certificate, key)
    }

    fn trusted(&self) -> ChannelBuilder {
        Channel::builder().ca_certificate(self.0.pem())
    }

    /// The certificate that the server shows to a client that asks for `name`, in DER.
    async fn shown(&self, address: &str, name: &str) -> Result<Vec<u8>, std::io::Error> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let stream = timeout(PATIENCE, connector.connect(name, stream))
            .await
            .unwrap()?;
        Ok(stream.get_ref().1.peer_certificates().unwrap()[0].to_vec())
    }
}

fn router() -> Router {
    Router::new().add_service(NotesServer::new(MyNotes::default()))
}

async fn start(tls: &ServerTls) -> Server {
    start_with(tls, |server| server).await
}

async fn start_with(
    tls: &ServerTls,
    settings: impl FnOnce(Serve<TcpListener, Router>) -> Serve<TcpListener, Router>,
) -> Server {
    let tls = tls.clone();
    Server::with(|listener| settings(grpcweb_runtime::serve(listener, router()).tls(tls))).await
}

fn client(channel: ChannelBuilder, server: &Server) -> NotesClient<Channel> {
    let uri = format!("https://{}", server.address);
    NotesClient::new(channel.build(&uri).unwrap())
}

fn der(pem: &str) -> Vec<u8> {
    use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject as _};
    CertificateDer::from_pem_slice(pem.as_bytes())
        .unwrap()
        .to_vec()
}

#[tokio::test]
async fn clients_get_the_version_of_http_that_they_want() {
    let authority = Authority::new();
    let server = start(&authority.server().build().unwrap()).await;
    let uri = format!("https://{}", server.address);
    let channel = authority.trusted().build(&uri).unwrap();
    for protocol in [Protocol::GrpcWeb, Protocol::GrpcWebText, Protocol::Grpc] {
        let client = NotesClient::from(Client::new(channel.clone()).protocol(protocol));
        assert!(client.echo(note("a")).await.is_ok(), "{protocol:?}");
    }

    let versions = async |alpn: &[&str]| {
        let mut config = {
            let mut roots = RootCertStore::empty();
            roots.add(authority.0.der().clone()).unwrap();
            ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth()
        };
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(&server.address).await.unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream);
        let stream = stream.await.unwrap();
        stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec)
    };
    assert_eq!(versions(&["h2", "http/1.1"]).await.unwrap(), b"h2");
    assert_eq!(versions(&["http/1.1"]).await.unwrap(), b"http/1.1");
    assert_eq!(versions(&[]).await, None);
}

#[tokio::test]
async fn the_certificate_is_that_of_the_name_that_a_client_asks_for() {
    let authority = Authority::new();
    let (default, one, star) = (
        authority.issue("127.0.0.1"),
        authority.issue("one.test"),
        authority.issue("*.star.test"),
    );
    let tls = ServerTls::builder()
        .certificate(default.0.clone(), default.1)
        .certificate_for("One.Test", one.0.clone(), one.1)
        .certificate_for("*.star.test", star.0.clone(), star.1)
        .build()
        .unwrap();
    let server = start(&tls).await;
    for (name, certificate) in [
        ("127.0.0.1", &default.0),
        ("one.test", &one.0),
        ("any.star.test", &star.0),
    ] {
        let shown = authority.shown(&server.address, name).await.unwrap();
        assert_eq!(shown, der(certificate), "{name}");
    }
    // Gets the default, which is for another name.
    assert!(authority.shown(&server.address, "two.test").await.is_err());
    assert!(
        authority
            .shown(&server.address, "a.b.star.test")
            .await
            .is_err()
    );

    let (certificate, key) = authority.issue("one.test");
    let tls = ServerTls::builder().certificate_for("one.test", certificate, key);
    let server = start(&tls.build().unwrap()).await;
    assert!(authority.shown(&server.address, "one.test").await.is_ok());
    assert!(authority.shown(&server.address, "two.test").await.is_err());
}

/// Answers with the first certificate of the client in the header `peer`, in hexadecimal.
#[derive(Clone)]
struct TellPeer<S>(S);

impl<S, B> tower_service::Service<http::Request<B>> for TellPeer<S>
where
    S: tower_service::Service<http::Request<B>, Response = Response<Body>, Future: Send + 'static>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(
        &mut self,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let connection = request.extensions().get::<ConnectionInfo>().unwrap();
        assert!(connection.is_tls() && connection.remote_addr().is_some());
        assert!(matches!(request.version(), Version::HTTP_2));
        let peer = connection.peer_certificates().first();
        let peer: String = peer
            .into_iter()
            .flatten()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let response = self.0.call(request);
        Box::pin(async move {
            let mut response = response.await?;
            response.headers_mut().insert("peer", peer.parse().unwrap());
            Ok(response)
        })
    }
}

#[tokio::test]
async fn certificates_of_clients_are_asked_for_checked_and_shown_to_handlers() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let tell_peer = tower_layer::layer_fn(TellPeer);
    let serve = async |tls: ServerTlsBuilder| {
        let tls = tls.build().unwrap();
        let app = tell_peer.layer(router());
        Server::with(|listener| grpcweb_runtime::serve(listener, app).tls(tls)).await
    };
    let peer = |response: grpcweb_runtime::Response<Note>| {
        response.metadata().get("peer").unwrap().to_owned()
    };
    let (own, key) = clients.issue("client.test");
    let (foreign, foreign_key) = authority.issue("client.test");
    let own_hex: String = der(&own).iter().map(|byte| format!("{byte:02x}")).collect();

    let required = serve(
        authority
            .server()
            .require_client_certificates(clients.0.pem()),
    )
    .await;
    let optional = serve(
        authority
            .server()
            .accept_client_certificates(clients.0.pem()),
    )
    .await;
    for server in [&required, &optional] {
        let known = authority
            .trusted()
            .client_certificate(own.clone(), key.clone());
        let reply = client(known, server).echo(note("a")).await.unwrap();
        assert_eq!(peer(reply), own_hex);
        let unknown = authority
            .trusted()
            .client_certificate(foreign.clone(), foreign_key.clone());
        let status = client(unknown, server).echo(note("a")).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status}");
    }
    let anonymous = client(authority.trusted(), &optional).echo(note("a")).await;
    assert_eq!(peer(anonymous.unwrap()), "");
    let anonymous = client(authority.trusted(), &required).echo(note("a")).await;
    let status = anonymous.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
}

#[tokio::test]
async fn a_reload_is_for_new_connections_and_leaves_the_old_ones() {
    let authority = Authority::new();
    let directory = tempfile::tempdir().unwrap();
    let (certificate_file, key_file) = (
        directory.path().join("cert.pem"),
        directory.path().join("key.pem"),
    );
    let write = |(certificate, key): &(String, String)| {
        std::fs::write(&certificate_file, certificate).unwrap();
        std::fs::write(&key_file, key).unwrap();
    };
    let (first, second) = (authority.issue("127.0.0.1"), authority.issue("127.0.0.1"));
    write(&first);
    let tls = ServerTls::from_files(&certificate_file, &key_file).unwrap();
    let server = start(&tls).await;
    let old = client(authority.trusted(), &server);
    let mut stream = Request::new(Note {
        count: 1,
        ..note("a")
    });
    let metadata = stream.metadata_mut();
    metadata.insert("scenario", "for-ever").unwrap();
    let mut stream = old.repeat(stream).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());

    std::fs::write(&certificate_file, &second.0).unwrap();
    let error = tls.reload().unwrap_err().to_string();
    assert!(error.contains("belongs to another certificate"), "{error}");
    let shown = authority.shown(&server.address, "127.0.0.1").await.unwrap();
    assert_eq!(shown, der(&first.0), "an error keeps what was there");

    write(&second);
    tls.reload().unwrap();
    let shown = authority.shown(&server.address, "127.0.0.1").await.unwrap();
    assert_eq!(shown, der(&second.0));
    assert!(stream.message().await.unwrap().is_some());

    tls.replace(ServerTls::builder().certificate(first.0.clone(), first.1))
        .unwrap();
    let shown = authority.shown(&server.address, "127.0.0.1").await.unwrap();
    assert_eq!(shown, der(&first.0));
}

#[tokio::test]
async fn a_handshake_that_fails_or_does_not_end_concerns_no_other_connection() {
    let authority = Authority::new();
    let server = start_with(&authority.server().build().unwrap(), |server| {
        server.tls_handshake_timeout(Duration::from_millis(100))
    })
    .await;
    let mut plain = RawConnection::open(&server.address).await;
    let mut silent = RawConnection::open(&server.address).await;
    plain.send("GET / HTTP/1.1\r\n\r\n").await;
    assert!(
        client(authority.trusted(), &server)
            .echo(note("a"))
            .await
            .is_ok()
    );
    // An alert, and the end.
    timeout(PATIENCE, plain.read_to_end()).await.unwrap();
    assert!(silent.ends().await);
    let stranger = client(Authority::new().trusted(), &server)
        .echo(note("a"))
        .await;
    assert_eq!(stranger.unwrap_err().code(), Code::Unavailable);
    assert!(
        client(authority.trusted(), &server)
            .echo(note("a"))
            .await
            .is_ok()
    );
}

#[cfg(unix)]
#[test]
fn a_reload_that_takes_its_time_does_not_undo_what_replaces_it() {
    let authority = Authority::new();
    let (certificate, key) = authority.issue("a.test");
    let files = tempfile::tempdir().unwrap();
    let [certificate_file, key_file] = ["cert.pem", "key.pem"].map(|name| files.path().join(name));
    std::fs::write(&certificate_file, &certificate).unwrap();
    std::fs::write(&key_file, &key).unwrap();
    let tls = ServerTls::from_files(&certificate_file, &key_file).unwrap();
    std::fs::remove_file(&key_file).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&key_file).status();
    assert!(made.unwrap().success());
    std::thread::scope(|scope| {
        let reload = scope.spawn(|| tls.reload());
        // Opened once the other side reads.
        let mut slow = std::fs::File::options()
            .write(true)
            .open(&key_file)
            .unwrap();
        let replace = scope.spawn(|| tls.replace(authority.server()));
        std::io::Write::write_all(&mut slow, key.as_bytes()).unwrap();
        drop(slow);
        reload.join().unwrap().unwrap();
        replace.join().unwrap().unwrap();
    });
    let settings = format!("{tls:?}");
    assert!(!settings.contains("cert.pem"), "{settings}");
}

#[test]
fn what_is_wrong_with_certificates_is_said() {
    let authority = Authority::new();
    let ((certificate, key), (other, _)) = (authority.issue("a.test"), authority.issue("a.test"));
    let build = |chain: &str, key: &str| ServerTls::from_pem(chain, key).map(drop);
    let named = |name: &str| {
        let builder = ServerTls::builder();
        let builder = builder.certificate_for(name, certificate.clone(), key.clone());
        builder.build().map(drop)
    };
    let missing = Path::new("/nowhere/cert.pem");
    let clients = ServerTls::builder()
        .certificate(certificate.clone(), key.clone())
        .require_client_certificates(Pem::from(""));
    let twice = ServerTls::builder()
        .certificate_for("a.test", certificate.clone(), key.clone())
        .certificate_for("A.test", certificate.clone(), key.clone());
    let cases: [(Result<(), TlsError>, &[&str]); 12] = [
        (build("", &key), &["the certificate", "no certificate"]),
        (build(&key, &key), &["the certificate", "private key"]),
        (build(&certificate, ""), &["the key", "no private key"]),
        (
            build(&certificate, &certificate),
            &["the key", "has certificates"],
        ),
        (
            build(&other, &key),
            &["the key belongs to another certificate"],
        ),
        (
            ServerTls::from_files(missing, missing).map(drop),
            &["cannot read", "/nowhere/cert.pem"],
        ),
        (named("b.test"), &["\"b.test\"", "not for that name"]),
        (named("127.0.0.1"), &["\"127.0.0.1\"", "`certificate`"]),
        (twice.build().map(drop), &["\"A.test\"", "two certificates"]),
        (
            build("tls/cert.pem", &key),
            &["the certificate", "path of a file", "`Pem::file(..)`"],
        ),
        (named("no name"), &["\"no name\"", "not a name"]),
        (
            clients.build().map(drop),
            &["authorities of clients", "no certificate"],
        ),
    ];
    for (result, parts) in cases {
        let error = result.unwrap_err();
        let source = error.source().map(ToString::to_string);
        let error = error.to_string();
        if let Some(source) = source {
            assert!(!error.contains(&source), "{source:?} twice in {error:?}");
        }
        for part in parts {
            assert!(error.contains(part), "{part:?} in {error:?}");
        }
    }
    let none = ServerTls::builder().build().unwrap_err();
    assert!(none.to_string().contains("`certificate`") && none.source().is_none());
}

#[tokio::test]
async fn a_call_with_tls_is_https_unless_a_trusted_proxy_says_otherwise() {
    let authority = Authority::new();
    let tls = authority.server().build().unwrap();
    let tell = |_: &'static MethodDescriptor, request: &mut Request<()>| {
        Err::<(), _>(Status::aborted(request.client_scheme().as_str()))
    };
    let options = ServerOptions::new().interceptor(tell);
    let rpc = router().with_options(options);
    let (alone, with) = (rpc.clone(), tls.clone());
    let alone = Server::with(|listener| grpcweb_runtime::serve(listener, alone).tls(with)).await;
    let behind = async |proxy: &str| {
        let proxies = TrustedProxies::new([proxy]).unwrap();
        let (app, tls) = (proxies.in_front_of(rpc.clone()), tls.clone());
        Server::with(|listener| grpcweb_runtime::serve(listener, app).tls(tls)).await
    };
    for (server, header, expected) in [
        (&alone, "http", "https"),
        (&behind("10.0.0.0/8").await, "http", "https"),
        (&behind("127.0.0.0/8").await, "http", "http"),
        (&behind("127.0.0.0/8").await, "ftp", "https"),
    ] {
        let mut request = Request::new(note(""));
        let metadata = request.metadata_mut();
        metadata.insert("x-forwarded-proto", header).unwrap();
        let call = client(authority.trusted(), server).echo(request).await;
        assert_eq!(call.unwrap_err().message(), expected, "{header}");
    }
}
