use grpcweb_runtime::blocking::Channel;

use crate::Error;
use crate::client::channels::Connect;
use crate::v1::{ClientCompatRequest, HttpVersion};

impl Connect for Channel {
    fn connect(uri: &str, case: &ClientCompatRequest) -> Result<Self, Error> {
        let version = case.http_version();
        if version != HttpVersion::HttpVersion1 {
            return Err(format!("{version:?} is not spoken").into());
        }
        let mut builder = Channel::builder().no_proxy();
        if !case.server_tls_cert.is_empty() {
            builder = builder.ca_certificate(&case.server_tls_cert[..]);
        }
        if let Some(creds) = &case.client_tls_creds {
            builder = builder.client_certificate(&creds.cert[..], &creds.key[..]);
        }
        Ok(builder.build(uri)?)
    }
}
