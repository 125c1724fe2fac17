use std::time::Duration;

use super::retry::RetryPolicy;
use crate::format::Format;
use crate::limits::Limits;
use crate::wire::compression::Encodings;
use crate::{CompressionEncoding, Protocol};

/// The most bytes of trailers that a response may have: more than a server of ours would send.
const MAX_TRAILERS: usize = 1024 * 1024;

/// How a client makes its calls.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) protocol: Protocol,
    pub(super) limits: Limits,
    pub(super) timeout: Option<Duration>,
    pub(super) send_compressed: Option<CompressionEncoding>,
    pub(super) compress_above: usize,
    pub(super) accept_compressed: Encodings,
    pub(super) retry: Option<RetryPolicy>,
    /// Whether requests bring the descriptor of their method, for interceptors.
    pub(super) describe: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            protocol: Protocol::GrpcWeb,
            limits: Limits {
                trailers: MAX_TRAILERS,
                ..Limits::DEFAULT
            },
            timeout: None,
            send_compressed: None,
            compress_above: 1024,
            accept_compressed: Encodings::default(),
            retry: None,
            describe: false,
        }
    }
}

impl Settings {
    /// How the messages of requests travel.
    pub(super) fn format(&self) -> Format {
        Format {
            compression: self.send_compressed,
            compress_above: self.compress_above,
            ..Format::new(self.protocol, self.limits)
        }
    }
}
