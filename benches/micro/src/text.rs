//! The text mode.

use bytes::Bytes;

use crate::wire::text::TextDecoder;

/// Encodes what is flushed together.
pub fn encode(flushed: &[u8]) -> Bytes {
    crate::wire::text::encode(flushed)
}

/// Decodes a text that comes in `chunks`, and says how many bytes it has.
///
/// # Panics
///
/// Where it is not base64.
pub fn decode<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> usize {
    let mut decoder = TextDecoder::default();
    let len = chunks.into_iter().map(|it| decoder.decode(it).len()).sum();
    decoder.finish().expect("base64");
    len
}
