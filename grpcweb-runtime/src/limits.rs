//! How large what is read and written may be. See the options of servers and clients.

/// What one half of a call keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes of a message received, before and after it is decompressed.
    pub(crate) decoding: usize,
    /// Bytes of a message sent, before it is compressed.
    pub(crate) encoding: usize,
    /// Bytes of the trailers of a response.
    pub(crate) trailers: usize,
    /// Bytes of a body received.
    pub(crate) body: u64,
}

/// The most bytes that the length of a frame can say.
const MAX_FRAME: usize = u32::MAX as usize;

impl Limits {
    pub(crate) const DEFAULT: Self = Self {
        decoding: 4 * 1024 * 1024,
        encoding: MAX_FRAME,
        trailers: 64 * 1024,
        body: u64::MAX,
    };

    /// A size that a message sent may have.
    pub(crate) fn frame(bytes: usize) -> usize {
        bytes.min(MAX_FRAME)
    }
}
