use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use grpcweb_runtime::Channel;

use crate::Error;
use crate::v1::{ClientCompatRequest, HttpVersion};

/// The channels to the servers that were called, so that calls share connections.
#[derive(Debug, Default)]
pub struct Channels(Mutex<HashMap<Server, Channel>>);

/// What a server is told from others by.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Server {
    uri: String,
    http2: bool,
    certificate: Vec<u8>,
    own_certificate: Vec<u8>,
}

impl Channels {
    /// The channel to the server of a case.
    pub(super) fn to(&self, case: &ClientCompatRequest) -> Result<Channel, Error> {
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
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = channels.get(&server) {
            return Ok(channel.clone());
        }
        let mut builder = Channel::builder().no_proxy();
        if server.http2 {
            builder = builder.http2_prior_knowledge();
        }
        if !case.server_tls_cert.is_empty() {
            builder = builder.ca_certificate(&case.server_tls_cert[..]);
        }
        if let Some(creds) = creds {
            builder = builder.client_certificate(&creds.cert[..], &creds.key[..]);
        }
        let channel = builder.build(&server.uri)?;
        channels.insert(server, channel.clone());
        Ok(channel)
    }
}
