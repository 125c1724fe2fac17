//! Frames.

use bytes::{Bytes, BytesMut};

use crate::wire::frame::{FrameDecoder, FrameLimits, put_frame};

const LIMITS: FrameLimits = FrameLimits {
    message: 4 << 20,
    trailers: 16 << 10,
};

/// Reads all frames of a body that comes in `chunks`, and says how many bytes their payloads have.
///
/// # Panics
///
/// Where the chunks are not whole frames.
pub fn read(chunks: impl IntoIterator<Item = Bytes>) -> usize {
    let mut decoder = FrameDecoder::new(LIMITS);
    let mut len = 0;
    for chunk in chunks {
        decoder.push(chunk);
        loop {
            if let Some(message) = decoder.next_whole_message() {
                len += message.len();
            } else if let Some(frame) = decoder.next_frame().expect("frames") {
                len += frame.payload.len();
            } else {
                break;
            }
        }
    }
    decoder.finish().expect("whole frames");
    len
}

/// Appends a message as a frame.
pub fn write(buf: &mut BytesMut, message: &[u8]) {
    put_frame(buf, 0, |buf| buf.extend_from_slice(message));
}
