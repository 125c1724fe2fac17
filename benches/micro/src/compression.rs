//! Compressed messages.

use bytes::Bytes;

pub use crate::wire::compression::CompressionEncoding;

/// Compresses a message.
///
/// # Panics
///
/// Where that fails.
pub fn compress(encoding: CompressionEncoding, message: &[u8]) -> Vec<u8> {
    encoding.compress(message).expect("a compressed message")
}

/// Decompresses what [`compress`] made.
///
/// # Panics
///
/// Where it is something else.
pub fn decompress(encoding: CompressionEncoding, compressed: &[u8]) -> Bytes {
    encoding
        .decompress(compressed, usize::MAX)
        .expect("a message")
}
