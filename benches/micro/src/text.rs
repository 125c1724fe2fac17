//! The text mode.

use bytes::{Bytes, BytesMut};

use crate::wire::text::{self, TextDecoder};

/// Encodes what is flushed together, with the room for it.
pub fn encode(flushed: &[u8]) -> Bytes {
    let mut buffer = BytesMut::with_capacity(text::encoded_len(flushed.len()));
    buffer.extend_from_slice(flushed);
    text::encode(buffer)
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
