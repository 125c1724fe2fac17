//! Length-prefixed frames: one byte of flags, four bytes of length (big endian), the payload.
//!
//! gRPC calls the same layout a "Length-Prefixed-Message" (PROTOCOL-HTTP2, "Requests"); gRPC-Web
//! adds the flag for trailers (PROTOCOL-WEB, "Protocol differences vs gRPC over HTTP2").

use std::fmt;

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Bytes of a frame before its payload.
pub(crate) const HEADER_LEN: usize = 5;

/// Set where the payload is a block of trailers instead of a message.
pub(crate) const TRAILERS: u8 = 0x80;

/// Set where the payload is compressed.
pub(crate) const COMPRESSED: u8 = 0x01;

/// The most that is reserved on the word of a length prefix alone. Beyond it the buffer grows only
/// as payload arrives, so that a prefix cannot make a peer hold memory of any size.
const MAX_RESERVE_AHEAD: usize = 64 * 1024;

/// How many times what has arrived is reserved beyond that, for what is still missing: most messages are
/// then copied once.
const RESERVE_TIMES: usize = 16;

/// A whole frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: Kind,
    pub(crate) compressed: bool,
    pub(crate) payload: Bytes,
}

/// What a [`FrameDecoder`] accepts, checked against the length prefix before memory is taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FrameLimits {
    pub(crate) message: usize,
    pub(crate) trailers: usize,
}

/// Why bytes are not frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FrameError {
    /// Flags other than "trailers" and "compressed".
    UnknownFlags(u8),
    MessageTooLong {
        len: usize,
        limit: usize,
    },
    TrailersTooLong {
        len: usize,
        limit: usize,
    },
    /// The bytes ended inside a frame.
    Truncated {
        missing: usize,
        part: &'static str,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownFlags(flags) => write!(
                f,
                "a frame has the flags {flags:#04x}, but only 0x80 (trailers) and 0x01 (compressed) \
                 exist; the peer may not be speaking gRPC"
            ),
            Self::MessageTooLong { len, limit } => {
                write!(f, "a message of {len} bytes is over the limit of {limit}")
            }
            Self::TrailersTooLong { len, limit } => {
                write!(f, "trailers of {len} bytes are over the limit of {limit}")
            }
            Self::Truncated { missing, part } => {
                write!(f, "the body ended {missing} bytes short of a whole {part}")
            }
        }
    }
}

impl std::error::Error for FrameError {}

/// What the payload of a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Message,
    Trailers,
}

#[derive(Debug)]
enum State {
    Header {
        bytes: [u8; HEADER_LEN],
        filled: usize,
    },
    Payload {
        kind: Kind,
        compressed: bool,
        len: usize,
        partial: BytesMut,
    },
}

impl State {
    const START: Self = Self::Header {
        bytes: [0; HEADER_LEN],
        filled: 0,
    };
}

/// Cuts frames out of chunks that may end anywhere.
///
/// A frame that lies in one chunk is a slice of it; only a frame that spans chunks is copied. At
/// most one frame and one chunk are held.
#[derive(Debug)]
pub(crate) struct FrameDecoder {
    limits: FrameLimits,
    chunk: Bytes,
    state: State,
}

impl FrameDecoder {
    pub(crate) fn new(limits: FrameLimits) -> Self {
        Self {
            limits,
            chunk: Bytes::new(),
            state: State::START,
        }
    }

    /// Adds bytes. Cheap when [`next_frame`](Self::next_frame) has returned `None` since the last
    /// call; otherwise what is left is copied together with `chunk`.
    pub(crate) fn push(&mut self, chunk: Bytes) {
        if self.chunk.is_empty() {
            self.chunk = chunk;
        } else {
            let mut joined = BytesMut::with_capacity(self.chunk.len() + chunk.len());
            joined.put(&mut self.chunk);
            joined.put(chunk);
            self.chunk = joined.freeze();
        }
    }

    /// The next whole frame, or `None` until more bytes are pushed.
    pub(crate) fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        loop {
            match &mut self.state {
                State::Header { bytes, filled } => {
                    let wanted = bytes.get_mut(*filled..).unwrap_or_default();
                    let taken = wanted.len().min(self.chunk.len());
                    self.chunk
                        .copy_to_slice(wanted.get_mut(..taken).unwrap_or_default());
                    *filled += taken;
                    if *filled < HEADER_LEN {
                        return Ok(None);
                    }
                    let header = *bytes;
                    self.state = self.payload_state(header)?;
                }
                State::Payload {
                    kind,
                    compressed,
                    len,
                    partial,
                } => {
                    let missing = *len - partial.len();
                    let payload = if partial.is_empty() && self.chunk.len() >= missing {
                        self.chunk.split_to(missing)
                    } else {
                        let taken = missing.min(self.chunk.len());
                        if partial.capacity() - partial.len() < taken {
                            let arrived = partial.len() + taken;
                            let ahead = arrived.saturating_mul(RESERVE_TIMES);
                            partial.reserve(missing.min(ahead.max(MAX_RESERVE_AHEAD)));
                        }
                        partial.put(self.chunk.split_to(taken));
                        if taken < missing {
                            return Ok(None);
                        }
                        std::mem::take(partial).freeze()
                    };
                    let frame = Frame {
                        kind: *kind,
                        compressed: *compressed,
                        payload,
                    };
                    self.state = State::START;
                    return Ok(Some(frame));
                }
            }
        }
    }

    /// The payload of the next frame, where that is a message that is not compressed, and all of it is in
    /// the chunk. [`next_frame`](Self::next_frame) is for everything else, and costs more.
    pub(crate) fn next_whole_message(&mut self) -> Option<Bytes> {
        let State::Header { filled: 0, .. } = self.state else {
            return None;
        };
        let ([0, len @ ..], rest) = self.chunk.split_first_chunk::<HEADER_LEN>()? else {
            return None;
        };
        let len = usize::try_from(u32::from_be_bytes(*len)).ok()?;
        if len > self.limits.message || len > rest.len() {
            return None;
        }
        self.chunk.advance(HEADER_LEN);
        Some(self.chunk.split_to(len))
    }

    fn payload_state(&self, header: [u8; HEADER_LEN]) -> Result<State, FrameError> {
        let [flags, len @ ..] = header;
        if flags & !(TRAILERS | COMPRESSED) != 0 {
            return Err(FrameError::UnknownFlags(flags));
        }
        let kind = match flags & TRAILERS {
            0 => Kind::Message,
            _ => Kind::Trailers,
        };
        let len = usize::try_from(u32::from_be_bytes(len)).unwrap_or(usize::MAX);
        match kind {
            Kind::Message if len > self.limits.message => Err(FrameError::MessageTooLong {
                len,
                limit: self.limits.message,
            }),
            Kind::Trailers if len > self.limits.trailers => Err(FrameError::TrailersTooLong {
                len,
                limit: self.limits.trailers,
            }),
            _ => Ok(State::Payload {
                kind,
                compressed: flags & COMPRESSED != 0,
                len,
                partial: BytesMut::new(),
            }),
        }
    }

    /// Whether a frame has begun and not ended.
    pub(crate) fn is_inside(&self) -> bool {
        !matches!(self.state, State::Header { filled: 0, .. })
    }

    /// Checks that the bytes did not end inside a frame.
    pub(crate) fn finish(&self) -> Result<(), FrameError> {
        match &self.state {
            State::Header { filled: 0, .. } => Ok(()),
            State::Header { filled, .. } => Err(FrameError::Truncated {
                missing: HEADER_LEN - filled,
                part: "frame header",
            }),
            State::Payload {
                kind, len, partial, ..
            } => Err(FrameError::Truncated {
                missing: len - partial.len(),
                part: match kind {
                    Kind::Message => "message",
                    Kind::Trailers => "block of trailers",
                },
            }),
        }
    }
}

/// Whether a chunk is one message frame and nothing else, neither compressed nor too long: one that needs no
/// [`FrameDecoder`], as its payload is what follows the header.
pub(crate) fn is_only_message(chunk: &[u8], limit: usize) -> bool {
    let Some(([0, len @ ..], payload)) = chunk.split_first_chunk::<HEADER_LEN>() else {
        return false;
    };
    payload.len() <= limit && usize::try_from(u32::from_be_bytes(*len)) == Ok(payload.len())
}

/// Writes the header of a frame whose payload of `len` bytes comes next.
///
/// The caller has checked that it fits the four bytes of the length.
pub(crate) fn put_header(buf: &mut BytesMut, flags: u8, len: usize) {
    debug_assert!(
        u32::try_from(len).is_ok(),
        "{len} bytes are too many for a frame"
    );
    let [.., a, b, c, d] = u64::try_from(len).unwrap_or(u64::MAX).to_be_bytes();
    buf.extend_from_slice(&[flags, a, b, c, d]);
}

/// Writes a frame whose payload `write` appends to the buffer; the length is filled in after it.
///
/// The caller has checked that the payload fits the four bytes of the length.
pub(crate) fn put_frame(buf: &mut BytesMut, flags: u8, write: impl FnOnce(&mut BytesMut)) {
    let start = buf.len();
    buf.extend_from_slice(&[flags, 0, 0, 0, 0]);
    write(buf);
    let len = u32::try_from(buf.len() - start - HEADER_LEN).unwrap_or(u32::MAX);
    if let Some(prefix) = buf.get_mut(start + 1..start + HEADER_LEN) {
        prefix.copy_from_slice(&len.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: FrameLimits = FrameLimits {
        message: 1024,
        trailers: 128,
    };

    /// Everything a decoder says about `chunks`, up to and with the first error.
    fn decode<'a>(
        chunks: impl IntoIterator<Item = &'a [u8]>,
    ) -> (Vec<Frame>, Result<(), FrameError>) {
        decode_by(FrameDecoder::next_frame, chunks)
    }

    type Next = fn(&mut FrameDecoder) -> Result<Option<Frame>, FrameError>;

    fn whole_messages_first(decoder: &mut FrameDecoder) -> Result<Option<Frame>, FrameError> {
        match decoder.next_whole_message() {
            Some(payload) => Ok(Some(Frame {
                kind: Kind::Message,
                compressed: false,
                payload,
            })),
            None => decoder.next_frame(),
        }
    }

    fn decode_by<'a>(
        next: Next,
        chunks: impl IntoIterator<Item = &'a [u8]>,
    ) -> (Vec<Frame>, Result<(), FrameError>) {
        let mut decoder = FrameDecoder::new(LIMITS);
        let mut frames = Vec::new();
        for chunk in chunks {
            decoder.push(Bytes::copy_from_slice(chunk));
            loop {
                match next(&mut decoder) {
                    Ok(Some(frame)) => frames.push(frame),
                    Ok(None) => break,
                    Err(error) => return (frames, Err(error)),
                }
            }
        }
        let end = decoder.finish();
        (frames, end)
    }

    fn plain(kind: Kind, payload: &'static [u8]) -> Frame {
        Frame {
            kind,
            compressed: false,
            payload: Bytes::from_static(payload),
        }
    }

    fn frame(flags: u8, payload: &[u8]) -> Vec<u8> {
        let mut buf = BytesMut::new();
        put_frame(&mut buf, flags, |buf| buf.extend_from_slice(payload));
        buf.to_vec()
    }

    /// Frames, and now and then something that is not one.
    fn wire_bytes() -> impl Strategy<Value = Vec<u8>> {
        let part = prop_oneof![
            6 => prop::collection::vec(any::<u8>(), 0..40).prop_map(|p| frame(0, &p)),
            2 => prop::collection::vec(any::<u8>(), 0..40).prop_map(|p| frame(TRAILERS, &p)),
            1 => prop::collection::vec(any::<u8>(), 0..8),
            1 => Just(frame(COMPRESSED, b"x")),
            1 => Just(frame(0, &[7; 1025])),
        ];
        prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn any_way_of_cutting_gives_the_same_frames(
            bytes in wire_bytes(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.sort_unstable();
            let mut chunks = Vec::new();
            let mut start = 0;
            for cut in cuts.into_iter().chain([bytes.len()]) {
                chunks.push(&bytes[start..cut]);
                start = cut;
            }
            prop_assert_eq!(decode(chunks), decode([&bytes[..]]));
        }

        #[test]
        fn every_single_cut_and_byte_by_byte_give_the_same_frames(bytes in wire_bytes()) {
            let whole = decode([&bytes[..]]);
            for cut in 0..=bytes.len() {
                let (head, tail) = bytes.split_at(cut);
                prop_assert_eq!(&decode([head, tail]), &whole, "cut at {}", cut);
                let ahead = decode_by(whole_messages_first, [head, tail]);
                prop_assert_eq!(&ahead, &whole, "cut at {}", cut);
            }
            prop_assert_eq!(&decode(bytes.chunks(1)), &whole);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = decode([&bytes[..]]);
        }
    }

    #[test]
    fn a_message_and_trailers_in_one_chunk_are_two_frames() {
        let bytes = [frame(0, b"abc"), frame(TRAILERS, b"grpc-status:0\r\n")].concat();
        let (frames, end) = decode([&bytes[..]]);
        assert_eq!(end, Ok(()));
        assert_eq!(
            frames,
            [
                plain(Kind::Message, b"abc"),
                plain(Kind::Trailers, b"grpc-status:0\r\n")
            ]
        );
    }

    #[test]
    fn a_message_in_one_chunk_is_not_copied() {
        let chunk = Bytes::from(frame(0, b"abc"));
        let mut decoder = FrameDecoder::new(LIMITS);
        decoder.push(chunk.clone());
        let message = decoder.next_frame().unwrap().unwrap();
        assert_eq!(message.payload.as_ptr(), chunk[HEADER_LEN..].as_ptr());
    }

    /// Known mistake 12.
    #[test]
    fn a_length_of_4_gib_is_refused_before_memory_is_taken() {
        let (frames, end) = decode([&[0, 0xff, 0xff, 0xff, 0xff][..]]);
        assert_eq!(frames, []);
        assert_eq!(
            end,
            Err(FrameError::MessageTooLong {
                len: 0xffff_ffff,
                limit: 1024
            })
        );
    }

    /// Known mistake 12.
    #[test]
    fn a_long_prefix_reserves_little_until_the_payload_comes() {
        let mut decoder = FrameDecoder::new(FrameLimits {
            message: usize::MAX,
            trailers: 0,
        });
        decoder.push(Bytes::from_static(&[0, 0x40, 0, 0, 0, 1]));
        assert_eq!(decoder.next_frame(), Ok(None));
        let State::Payload { partial, .. } = &decoder.state else {
            panic!("expected a payload");
        };
        assert!(partial.capacity() <= MAX_RESERVE_AHEAD);
    }

    /// Known mistake 12.
    #[test]
    fn what_is_reserved_for_a_long_message_grows_with_what_has_come() {
        let mut decoder = FrameDecoder::new(FrameLimits {
            message: usize::MAX,
            trailers: 0,
        });
        decoder.push(Bytes::from_static(&[0, 0x40, 0, 0, 0]));
        let mut buffers = Vec::new();
        for arrived in (1..=1000).map(|chunks| 100 * chunks) {
            decoder.push(Bytes::from_static(&[7; 100]));
            assert_eq!(decoder.next_frame(), Ok(None));
            let State::Payload { partial, .. } = &decoder.state else {
                panic!("expected a payload");
            };
            assert_eq!(partial.len(), arrived);
            let most = MAX_RESERVE_AHEAD.max((RESERVE_TIMES + 1) * arrived);
            assert!(partial.capacity() <= most, "{arrived} bytes");
            buffers.push(partial.capacity());
        }
        buffers.dedup();
        assert_eq!(buffers.len(), 2, "{buffers:?}");
    }

    #[test]
    fn bytes_that_end_inside_a_frame_are_an_error() {
        let message = frame(0, b"abc");
        for end in 1..message.len() {
            let (frames, result) = decode([&message[..end]]);
            assert_eq!(frames, []);
            assert!(
                matches!(result, Err(FrameError::Truncated { .. })),
                "ended after {end}: {result:?}"
            );
        }
    }

    #[test]
    fn a_whole_message_is_there_at_once_and_nothing_else_is() {
        let mut decoder = FrameDecoder::new(LIMITS);
        let mut take = |chunk: &[u8]| {
            decoder.push(Bytes::copy_from_slice(chunk));
            decoder.next_whole_message()
        };
        assert_eq!(take(&frame(0, b"a")), Some(Bytes::from_static(b"a")));
        assert_eq!(take(&frame(0, b"")), Some(Bytes::new()));
        assert_eq!(take(&frame(TRAILERS, b"a")), None);
        for other in [frame(COMPRESSED, b"a"), frame(0, &[7; 1025]), vec![0; 4]] {
            let mut decoder = FrameDecoder::new(LIMITS);
            decoder.push(other.into());
            assert_eq!(decoder.next_whole_message(), None);
        }
    }

    /// Known mistake 10.
    #[test]
    fn flags_that_mean_nothing_are_errors() {
        for flags in [0x02, 0x7e, b'<', 0xff] {
            let error = FrameError::UnknownFlags(flags);
            assert_eq!(decode([&frame(flags, b"")[..]]), (vec![], Err(error)));
        }
    }

    #[test]
    fn the_flag_of_a_compressed_payload_is_passed_on() {
        for (flags, kind) in [
            (COMPRESSED, Kind::Message),
            (COMPRESSED | TRAILERS, Kind::Trailers),
        ] {
            let expected = Frame {
                compressed: true,
                ..plain(kind, b"x")
            };
            assert_eq!(decode([&frame(flags, b"x")[..]]), (vec![expected], Ok(())));
        }
    }
}
