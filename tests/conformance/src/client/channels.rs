use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::Error;
use crate::v1::{ClientCompatRequest, HttpVersion};

/// A channel of one kind of client.
pub trait Connect: Clone {
    /// A channel to the server at a URI, with the version of HTTP and the certificates of a case.
    ///
    /// # Errors
    ///
    /// Where a channel of this kind cannot be made so.
    fn connect(uri: &str, case: &ClientCompatRequest) -> Result<Self, Error>;
}

/// The channels to the servers that were called, so that calls share connections.
#[derive(Debug)]
pub struct Channels<C>(Mutex<HashMap<Server, C>>);

impl<C> Default for Channels<C> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// What a server is told from others by.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Server {
    uri: String,
    http2: bool,
    certificate: Vec<u8>,
    own_certificate: Vec<u8>,
}

impl<C: Connect> Channels<C> {
    /// The channel to the server of a case.
    pub(super) fn to(&self, case: &ClientCompatRequest) -> Result<C, Error> {
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
        let channel = C::connect(&server.uri, case)?;
        channels.insert(server, channel.clone());
        Ok(channel)
    }
}
