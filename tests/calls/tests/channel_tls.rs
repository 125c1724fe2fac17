//! A channel to a server with TLS.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use calls::proto::calls::notes_client::NotesClient;
use calls::{MyNotes, Server, note};
use grpcweb_runtime::client::{ChannelBuilder, ChannelPhase, Client};
use grpcweb_runtime::{Channel, Code, Protocol};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// A certificate authority of the test.
struct Authority(CertifiedIssuer<'static, KeyPair>);

static COUNT: AtomicUsize = AtomicUsize::new(0);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        // Found by its name, and only then by its key.
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        params
            .distinguished_name
            .push(DnType::CommonName, format!("authority {number}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    /// What a server for `name` has. It asks for certificates that `clients` has signed, if there is one.
    fn server(&self, name: &str, alpn: &[&str], clients: Option<&Authority>) -> ServerConfig {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(clients) => {
                let mut roots = RootCertStore::empty();
                roots.add(clients.0.der().clone()).unwrap();
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.with_client_cert_verifier(verifier.unwrap())
            }
        };
        let (certificate, key) = self.issue(name);
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let chain = vec![certificate.der().clone()];
        let mut config = builder.with_single_cert(chain, key).unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        config
    }
}

/// Takes TLS off connections to a server.
struct Front {
    uri: String,
    task: JoinHandle<()>,
    _server: Server,
}

impl Front {
    async fn start(config: ServerConfig) -> Self {
        let server = Server::start(MyNotes::default()).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("https://{}", listener.local_addr().unwrap());
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let back = server.address.clone();
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let (acceptor, back) = (acceptor.clone(), back.clone());
                tokio::spawn(async move {
                    let mut client = acceptor.accept(client).await?;
                    let mut server = TcpStream::connect(&back).await?;
                    copy_bidirectional(&mut client, &mut server).await
                });
            }
        });
        Self {
            uri,
            task,
            _server: server,
        }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn trusting(authority: &Authority) -> ChannelBuilder {
    Channel::builder().ca_certificate(authority.pem())
}

fn client(channel: Channel, protocol: Protocol) -> NotesClient<Channel> {
    NotesClient::from(Client::new(channel).protocol(protocol))
}

const PATIENCE: Duration = Duration::from_secs(10);

const BOTH: &[&str] = &["h2", "http/1.1"];

#[tokio::test]
async fn calls_of_every_protocol_go_over_tls() {
    let authority = Authority::new();
    for (alpn, protocols) in [
        (
            BOTH,
            &[Protocol::GrpcWeb, Protocol::GrpcWebText, Protocol::Grpc][..],
        ),
        (&["http/1.1"], &[Protocol::GrpcWeb, Protocol::GrpcWebText]),
        (&[], &[Protocol::GrpcWeb]),
    ] {
        let front = Front::start(authority.server("127.0.0.1", alpn, None)).await;
        let channel = trusting(&authority).build(&front.uri).unwrap();
        channel.connect().await.unwrap();
        for protocol in protocols {
            let reply = client(channel.clone(), *protocol).echo(note("a")).await;
            assert_eq!(reply.unwrap().get_ref().text, "a", "{alpn:?} {protocol:?}");
        }
    }
}

#[tokio::test]
async fn http2_alone_is_offered_where_nothing_else_is_wanted() {
    let authority = Authority::new();
    let front = Front::start(authority.server("127.0.0.1", &["http/1.1", "h2"], None)).await;
    let channel = trusting(&authority)
        .http2_prior_knowledge()
        .build(&front.uri);
    let reply = client(channel.unwrap(), Protocol::Grpc)
        .echo(note("a"))
        .await;
    assert_eq!(reply.unwrap().get_ref().text, "a");

    let front = Front::start(authority.server("127.0.0.1", &[], None)).await;
    let channel = trusting(&authority)
        .http2_prior_knowledge()
        .build(&front.uri);
    let error = channel.unwrap().connect().await.unwrap_err();
    assert_eq!(error.phase(), ChannelPhase::Tls, "{error:?}");
}

#[tokio::test]
async fn a_server_that_does_not_choose_http2_cannot_be_called_with_grpc() {
    let authority = Authority::new();
    for alpn in [&["http/1.1"][..], &[]] {
        let front = Front::start(authority.server("127.0.0.1", alpn, None)).await;
        let channel = trusting(&authority).build(&front.uri).unwrap();
        let status = client(channel, Protocol::Grpc)
            .echo(note("a"))
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
        assert!(status.message().contains("ALPN"), "{status}");
        let address = front.uri.trim_start_matches("https://");
        assert!(status.message().contains(address), "{status}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_trusted_gets_no_call() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    for (config, reason) in [
        (stranger.server("127.0.0.1", BOTH, None), "UnknownIssuer"),
        (
            authority.server("elsewhere.test", BOTH, None),
            "not valid for name",
        ),
    ] {
        let front = Front::start(config).await;
        let channel = trusting(&authority).build(&front.uri).unwrap();
        let status = client(channel.clone(), Protocol::GrpcWeb)
            .echo(note("a"))
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        assert!(status.message().contains(reason), "{status}");
        let error = channel.connect().await.unwrap_err();
        assert_eq!(error.phase(), ChannelPhase::Tls, "{error:?}");
        assert!(error.is_unsent(), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate_gets_it() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let front = Front::start(authority.server("127.0.0.1", BOTH, Some(&clients))).await;
    let nobody = trusting(&authority).build(&front.uri).unwrap();
    let status = client(nobody, Protocol::GrpcWeb)
        .echo(note("a"))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");

    let (certificate, key) = clients.issue("somebody");
    let somebody = trusting(&authority)
        .client_certificate(certificate.pem(), key.serialize_pem())
        .build(&front.uri)
        .unwrap();
    let reply = client(somebody, Protocol::Grpc)
        .echo(note("a"))
        .await
        .unwrap();
    assert_eq!(reply.get_ref().text, "a");
}

#[tokio::test]
async fn a_server_that_does_not_answer_the_handshake_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("https://{}", silent.local_addr().unwrap());
    let channel = trusting(&Authority::new())
        .connect_timeout(Duration::from_millis(50))
        .build(&uri)
        .unwrap();
    let call = client(channel.clone(), Protocol::GrpcWeb).echo(note("a"));
    let status = timeout(PATIENCE, call).await.unwrap().unwrap_err();
    assert!(
        status.message().contains("not made within 50ms"),
        "{status}"
    );
    let connect = timeout(PATIENCE, channel.connect()).await.unwrap();
    let error = connect.unwrap_err();
    assert_eq!(error.phase(), ChannelPhase::Tls, "{error:?}");
}

#[test]
fn what_is_no_certificate_or_key_is_refused_when_the_channel_is_built() {
    let authority = Authority::new();
    let (certificate, key) = authority.issue("somebody");
    let (_, other_key) = authority.issue("somebody");
    let (certificate, key) = (certificate.pem(), key.serialize_pem());
    for (builder, reason) in [
        (
            Channel::builder().ca_certificate("nothing"),
            "certificate authorities",
        ),
        (
            trusting(&authority).client_certificate("nothing", key.clone()),
            "client certificate",
        ),
        (
            trusting(&authority).client_certificate(certificate.clone(), "nothing"),
            "its key",
        ),
        (
            trusting(&authority).client_certificate(certificate, other_key.serialize_pem()),
            "its key",
        ),
    ] {
        let error = builder.build("https://host").unwrap_err();
        assert!(error.is_usage(), "{error:?}");
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn settings_do_not_show_the_key() {
    let builder = Channel::builder().client_certificate("certificate", vec![107; 4]);
    let shown = format!("{builder:?}");
    assert!(!shown.contains("107") && !shown.contains("kkkk"), "{shown}");
}
