use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use grpcweb_runtime::Channel;

use super::tls::TlsChannel;
use crate::Error;
use crate::v1::{ClientCompatRequest, HttpVersion};

/// The ways to the servers that were called, so that calls share connections.
#[derive(Debug, Default)]
pub struct Transports(Mutex<HashMap<Server, Way>>);

/// What a server is told from others by.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Server {
    uri: String,
    http2: bool,
    certificate: Vec<u8>,
    own_certificate: Vec<u8>,
}

/// A way to a server.
#[derive(Debug, Clone)]
pub(super) enum Way {
    Plain(Channel),
    Tls(TlsChannel),
}

impl Transports {
    /// The way to the server of a case.
    pub(super) fn to(&self, case: &ClientCompatRequest) -> Result<Way, Error> {
        let scheme = match &case.server_tls_cert[..] {
            [] => "http",
            _ => "https",
        };
        let creds = case.client_tls_creds.as_ref();
        let server = Server {
            uri: format!("{scheme}://{}:{}", case.host, case.port),
            http2: case.http_version() == HttpVersion::HttpVersion2,
            certificate: case.server_tls_cert.clone(),
            own_certificate: creds.map(|creds| creds.cert.clone()).unwrap_or_default(),
        };
        let mut ways = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(way) = ways.get(&server) {
            return Ok(way.clone());
        }
        let way = if case.server_tls_cert.is_empty() {
            let builder = match server.http2 {
                true => Channel::builder().http2_prior_knowledge(),
                false => Channel::builder(),
            };
            Way::Plain(builder.build(&server.uri)?)
        } else {
            Way::Tls(TlsChannel::new(&server.uri, server.http2, case)?)
        };
        ways.insert(server, way.clone());
        Ok(way)
    }
}
