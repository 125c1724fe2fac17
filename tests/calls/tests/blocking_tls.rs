//! A blocking client over TLS.

use std::net::TcpListener;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use calls::note;
use calls::proto::calls::notes_client::NotesBlockingClient;
use grpcweb_runtime::blocking::{Channel, ChannelBuilder};
use grpcweb_runtime::{Code, Request, Status};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

const PATIENCE: Duration = Duration::from_secs(20);
const SOON: Duration = Duration::from_millis(50);

/// Runs what may hang, on a thread of its own.
fn in_time<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(run()));
    result
        .recv_timeout(PATIENCE)
        .expect("it hangs, or panicked")
}

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            pem,
            issuer: Issuer::new(params, key),
        }
    }

    /// A certificate for this machine, and its key.
    fn certificate(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap()
    }
}

/// A server with a certificate of `authority`, which asks for one of `clients` where that is given. It
/// answers every request with what it was asked.
fn serve(authority: &Authority, clients: Option<&Authority>) -> String {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let mut roots = RootCertStore::empty();
            roots.add(clients.der()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let (certificate, key) = authority.certificate();
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let config = Arc::new(builder.with_single_cert(vec![certificate], key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for tcp in listener.incoming() {
            let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(tls, tcp.unwrap());
            thread::spawn(move || while answer(&mut stream).is_some() {});
        }
    });
    address
}

fn frame(flags: u8, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap();
    [&[flags], &len.to_be_bytes()[..], payload].concat()
}

fn answer(stream: &mut (impl std::io::Read + std::io::Write)) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?.to_lowercase();
    let len = head.split("content-length: ").nth(1)?.lines().next()?;
    let mut message = vec![0; len.parse().ok()?];
    stream.read_exact(&mut message).ok()?;
    let parts = [message.clone(), message, frame(0x80, b"grpc-status: 0\r\n")];
    // The first message is on its own, and the others are together.
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/grpc-web+proto\r\n\
                transfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).ok()?;
    for part in parts {
        write!(stream, "{:x}\r\n", part.len()).ok()?;
        stream.write_all(&part).ok()?;
        stream.write_all(b"\r\n").ok()?;
        stream.flush().ok()?;
    }
    stream.write_all(b"0\r\n\r\n").ok()?;
    stream.flush().ok()
}

/// The texts of a streaming call.
fn call(channel: Channel) -> Result<Vec<String>, Status> {
    in_time(move || {
        let client = NotesBlockingClient::new(channel);
        for _ in 0..2 {
            let notes = client.repeat(note("abc"))?.into_inner();
            let texts: Vec<_> = notes.map(|note| note.map(|note| note.text)).collect();
            assert_eq!(texts.len(), 2);
            assert!(
                texts
                    .iter()
                    .all(|text| text.as_deref().is_ok_and(|text| text == "abc")),
                "{texts:?}"
            );
        }
        let notes = client.repeat(Request::new(note("abc")).with_timeout(PATIENCE))?;
        notes
            .into_inner()
            .map(|note| note.map(|note| note.text))
            .collect()
    })
}

fn builder() -> ChannelBuilder {
    Channel::builder().no_proxy()
}

#[test]
fn a_server_is_trusted_whose_authority_was_named_and_no_other() {
    let (authority, other) = (Authority::new(), Authority::new());
    let address = serve(&authority, None);
    let uri = format!("https://{address}");
    for builder in [
        builder().ca_certificate(&*authority.pem),
        builder().ca_certificate(format!("{}{}", other.pem, authority.pem)),
        builder()
            .ca_certificate(&*other.pem)
            .ca_certificate(&*authority.pem),
    ] {
        let texts = call(builder.build(&uri).unwrap());
        assert_eq!(texts.unwrap(), ["abc", "abc"]);
    }
    for builder in [builder(), builder().ca_certificate(&*other.pem)] {
        let status = call(builder.build(&uri).unwrap()).unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        let expected = format!("no TLS connection to {address}: ");
        assert!(status.message().starts_with(&expected), "{status}");
        assert!(
            status.message().contains("invalid peer certificate"),
            "{status}"
        );
    }
}

#[test]
fn a_client_shows_its_certificate() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let uri = format!("https://{}", serve(&authority, Some(&clients)));
    let builder = || builder().ca_certificate(&*authority.pem);
    let (certificate, key) = clients.certificate();
    let channel = builder().client_certificate(certificate, key).build(&uri);
    assert_eq!(call(channel.unwrap()).unwrap(), ["abc", "abc"]);

    let status = call(builder().build(&uri).unwrap()).unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("CertificateRequired"), "{status}");
}

#[test]
fn what_is_no_certificate_or_key_is_refused_when_the_channel_is_made() {
    let authority = Authority::new();
    let (certificate, key) = authority.certificate();
    let (_, other_key) = authority.certificate();
    let broken = certificate.replace("MII", "MIJ");
    for (builder, reason) in [
        (builder().ca_certificate("nonsense"), "ca_certificate"),
        (builder().ca_certificate(&*broken), "authorities"),
        (
            builder().client_certificate("nonsense", &*key),
            "client_certificate",
        ),
        (
            builder().client_certificate(&*certificate, "nonsense"),
            "its key",
        ),
        (
            builder().client_certificate(&*certificate, &*other_key),
            "its key",
        ),
    ] {
        let error = builder.build("https://127.0.0.1:1").unwrap_err();
        assert!(error.is_usage(), "{reason}");
        let said = format!("{error}: {:?}", std::error::Error::source(&error));
        assert!(said.contains(reason), "{reason}: {said}");
        assert!(!said.contains("PRIVATE KEY"), "{said}");
    }
}

#[test]
fn a_server_that_does_not_shake_hands_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let uri = format!("https://{address}");

    let client = NotesBlockingClient::new(builder().connect_timeout(SOON).build(&uri).unwrap());
    let status = in_time(move || client.echo(note("a")).unwrap_err());
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    let expected = format!("no connection to {address}: timeout");
    assert!(status.message().starts_with(&expected), "{status}");

    let client = NotesBlockingClient::new(builder().build(&uri).unwrap());
    let request = Request::new(note("a")).with_timeout(SOON);
    let status = in_time(move || client.echo(request).unwrap_err());
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
}
