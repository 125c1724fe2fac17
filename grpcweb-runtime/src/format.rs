use crate::CompressionEncoding;
use crate::limits::Limits;
use crate::wire::protocol::Protocol;

/// How the messages of one half of a call travel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Format {
    pub(crate) protocol: Protocol,
    pub(crate) limits: Limits,
    /// What compressed messages are compressed with, where any may be.
    pub(crate) compression: Option<CompressionEncoding>,
    /// The most bytes of a message that is sent uncompressed all the same.
    pub(crate) compress_above: usize,
}

impl Format {
    pub(crate) fn new(protocol: Protocol, limits: Limits) -> Self {
        Self {
            protocol,
            limits,
            compression: None,
            compress_above: 0,
        }
    }
}
