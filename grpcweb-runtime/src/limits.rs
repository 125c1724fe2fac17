/// How large a message may be, on one side of a call.
///
/// ```
/// use grpcweb_runtime::Limits;
///
/// let limits = Limits::new().max_decoding_message_size(16 * 1024 * 1024);
/// # let _ = limits;
/// ```
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Limits {
    decoding: usize,
    encoding: usize,
}

impl Limits {
    /// The defaults: 4 MiB for a message received; for a message sent, 4 GiB, the most that a frame
    /// can hold.
    pub const fn new() -> Self {
        Self {
            decoding: 4 * 1024 * 1024,
            encoding: u32::MAX as usize,
        }
    }

    /// The most bytes of a message received. A larger one fails the call with `RESOURCE_EXHAUSTED`
    /// before memory is taken for it.
    pub const fn max_decoding_message_size(mut self, bytes: usize) -> Self {
        self.decoding = bytes;
        self
    }

    /// The most bytes of a message sent. A larger one fails the call with `RESOURCE_EXHAUSTED`.
    pub const fn max_encoding_message_size(mut self, bytes: usize) -> Self {
        self.encoding = if bytes < u32::MAX as usize {
            bytes
        } else {
            u32::MAX as usize
        };
        self
    }

    pub(crate) const fn decoding(self) -> usize {
        self.decoding
    }

    pub(crate) const fn encoding(self) -> usize {
        self.encoding
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
