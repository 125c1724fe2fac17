//! Blocks of trailers.

use bytes::{Bytes, BytesMut};
use http::HeaderMap;

use crate::wire::trailers;

/// Reads a block.
///
/// # Panics
///
/// Where a line is no header.
pub fn parse(block: &Bytes) -> HeaderMap {
    trailers::parse(block).expect("trailers")
}

/// Appends trailers as a frame.
pub fn write(buf: &mut BytesMut, trailers: &HeaderMap) {
    trailers::put(buf, trailers);
}
