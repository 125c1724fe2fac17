//! The text mode of gRPC-Web: frames in base64 (PROTOCOL-WEB, "Text-encoded (response) streams").
//!
//! Padding may stand anywhere: a sender pads whatever it flushes, and the pieces are concatenated.

use std::fmt;

use base64::Engine as _;
use bytes::{Bytes, BytesMut};

#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon")
))]
use vectors::BASE64;

#[cfg(not(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon")
)))]
use base64::engine::general_purpose::STANDARD as BASE64;

/// Where the processor has vectors for it, as much as five times as fast.
#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon")
))]
mod vectors {
    use std::sync::LazyLock;

    use base64::engine::Simd;
    use base64::engine::general_purpose::PAD;

    pub(super) static BASE64: LazyLock<Simd> = LazyLock::new(|| Simd::standard(PAD));
}

/// Characters that carry three bytes.
const QUANTUM: usize = 4;

/// These bytes.
const BYTES: usize = 3;

/// A shorter text is decoded as the end of one of so many characters: that many, vectors take, and nearly
/// all of them, which costs less than so few without vectors.
const SHORT_TEXT: usize = 128 + QUANTUM;

/// Fewer bytes are encoded in the same way.
const SHORT: usize = 130;

/// So many bytes are encoded elsewhere, and copied back.
const ASIDE: usize = 768;

/// Why characters are not base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TextError {
    Invalid,
    /// The text ended inside a quantum: the last one is not padded.
    Truncated,
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "a body in grpc-web-text is not base64",
            Self::Truncated => {
                "a body in grpc-web-text ended inside a group of four base64 characters; the last \
                 group has to be padded with '='"
            }
        })
    }
}

impl std::error::Error for TextError {}

/// Decodes a text that is there as a whole, if it is one.
pub(crate) fn decode(text: &[u8]) -> Option<Bytes> {
    // An owner is not allocated again where a part of the bytes is kept.
    if let Some(decoded) = Decoded::of_short(text) {
        return Some(Bytes::from_owner(decoded));
    }
    let mut decoder = TextDecoder::default();
    let decoded = decoder.decode(text);
    (decoder.check().is_ok() && decoder.finish().is_ok()).then_some(decoded)
}

/// Decodes base64 that may be cut and padded anywhere.
#[derive(Debug, Default)]
pub(crate) struct TextDecoder {
    /// Up to three characters of a quantum whose rest has not arrived.
    rest: [u8; QUANTUM],
    filled: usize,
    /// Whether there was something that is no base64. What comes after it is not looked at.
    invalid: bool,
}

impl TextDecoder {
    /// Decodes what `chunk` completes, up to what is no base64.
    pub(crate) fn decode(&mut self, chunk: &[u8]) -> Bytes {
        let mut out = Vec::with_capacity(self.decoded_len(chunk));
        let mut chunk = chunk;
        if self.filled > 0 {
            let wanted = self.rest.get_mut(self.filled..).unwrap_or_default();
            let taken = wanted.len().min(chunk.len());
            let (head, tail) = chunk.split_at(taken);
            wanted
                .get_mut(..taken)
                .unwrap_or_default()
                .copy_from_slice(head);
            self.filled += taken;
            chunk = tail;
            if self.filled < QUANTUM {
                return Bytes::new();
            }
            self.filled = 0;
            let rest = self.rest;
            self.decode_quanta(&rest, &mut out);
        }
        let (whole, rest) = chunk.split_at(chunk.len() - chunk.len() % QUANTUM);
        self.decode_quanta(whole, &mut out);
        self.filled = rest.len();
        self.rest
            .get_mut(..rest.len())
            .unwrap_or_default()
            .copy_from_slice(rest);
        out.into()
    }

    /// The bytes that `chunk` completes where there is padding at its end at most: a buffer of exactly
    /// that size becomes [`Bytes`] as it is.
    fn decoded_len(&self, chunk: &[u8]) -> usize {
        let characters = self.filled + chunk.len();
        let padding = match chunk {
            _ if characters % QUANTUM > 0 => 0,
            [.., b'=', b'='] => 2,
            [.., b'='] => 1,
            _ => 0,
        };
        (characters / QUANTUM * BYTES).saturating_sub(padding)
    }

    fn decode_quanta(&mut self, text: &[u8], out: &mut Vec<u8>) {
        if self.invalid || decode_all(text, out) {
            return;
        }
        let mut text = text;
        while !text.is_empty() && !self.invalid {
            let run = match text.iter().position(|&c| c == b'=') {
                Some(padding) => (padding / QUANTUM + 1) * QUANTUM,
                None => text.len(),
            };
            let (padded, tail) = text.split_at(run);
            if !decode_all(padded, out) {
                // Up to the fault the result is the same as if the text had been cut there.
                self.invalid = !padded.chunks(SHORT_TEXT).all(|short| {
                    decode_all(short, out) || short.chunks(QUANTUM).all(|it| decode_all(it, out))
                });
            }
            text = tail;
        }
    }

    /// Checks that all was base64 so far.
    pub(crate) fn check(&self) -> Result<(), TextError> {
        if self.invalid {
            Err(TextError::Invalid)
        } else {
            Ok(())
        }
    }

    /// Checks that the text did not end inside a quantum.
    pub(crate) fn finish(&self) -> Result<(), TextError> {
        self.check()?;
        match self.filled {
            0 => Ok(()),
            _ => Err(TextError::Truncated),
        }
    }
}

/// Appends what whole quanta decode to, of which only the last may be padded, or nothing where they are
/// no such base64.
fn decode_all(text: &[u8], out: &mut Vec<u8>) -> bool {
    if text.len() <= SHORT_TEXT {
        let decoded = Decoded::of_short(text);
        out.extend_from_slice(decoded.as_ref().map_or(&[], Decoded::as_ref));
        return decoded.is_some();
    }
    let start = out.len();
    let (full, last) = text.split_at(text.len().saturating_sub(QUANTUM));
    out.resize(start + full.len() / QUANTUM * BYTES, 0);
    let to = out.get_mut(start..).unwrap_or_default();
    let mut end = [0; BYTES];
    match (
        BASE64.decode_slice(full, to),
        BASE64.decode_slice(last, &mut end),
    ) {
        (Ok(len), Ok(rest)) if len == to.len() => {
            out.extend_from_slice(end.get(..rest).unwrap_or_default());
            true
        }
        _ => {
            out.truncate(start);
            false
        }
    }
}

/// What a short text decodes to.
struct Decoded {
    bytes: [u8; SHORT_TEXT / QUANTUM * BYTES],
    /// What was before it.
    before: u8,
    end: u8,
}

impl Decoded {
    /// Decodes whole quanta, of which only the last may be padded, if there are no more than
    /// [`SHORT_TEXT`] characters.
    fn of_short(text: &[u8]) -> Option<Self> {
        let before = SHORT_TEXT.checked_sub(text.len())?;
        if before % QUANTUM > 0 {
            return None;
        }
        let mut block = [b'A'; SHORT_TEXT];
        block.get_mut(before..)?.copy_from_slice(text);
        let mut bytes = [0; SHORT_TEXT / QUANTUM * BYTES];
        let end = BASE64.decode_slice(block, &mut bytes).ok()?;
        Some(Self {
            bytes,
            before: u8::try_from(before / QUANTUM * BYTES).ok()?,
            end: u8::try_from(end).ok()?,
        })
    }
}

impl AsRef<[u8]> for Decoded {
    fn as_ref(&self) -> &[u8] {
        let range = usize::from(self.before)..usize::from(self.end);
        self.bytes.get(range).unwrap_or_default()
    }
}

/// The characters that so many bytes become.
pub(crate) fn encoded_len(len: usize) -> usize {
    len.div_ceil(BYTES) * QUANTUM
}

/// Encodes what is flushed together, padded, so that the reader can decode all of it at once. It stays where
/// it is, if there is room for [`encoded_len`].
pub(crate) fn encode(mut flushed: BytesMut) -> Bytes {
    if flushed.len() <= SHORT {
        encode_short(&mut flushed);
        return flushed.freeze();
    }
    let mut end = flushed.len();
    flushed.resize(encoded_len(end), 0);
    // From the end: what a piece becomes lies behind all that is left. It fits: that is its length.
    while end > ASIDE {
        let start = (end - end / 4).next_multiple_of(BYTES);
        let (from, to) = flushed.split_at_mut(encoded_len(start));
        let piece = from.get(start..end).unwrap_or_default();
        let _ = BASE64.encode_slice(piece, to);
        end = start;
    }
    let mut text = [0; ASIDE / BYTES * QUANTUM];
    let rest = flushed.get(..end).unwrap_or_default();
    let len = BASE64.encode_slice(rest, &mut text).unwrap_or_default();
    let (to, _) = flushed.split_at_mut(len);
    to.copy_from_slice(text.get(..len).unwrap_or_default());
    flushed.freeze()
}

/// Encodes no more than [`SHORT`] bytes.
fn encode_short(flushed: &mut BytesMut) {
    let before = SHORT.saturating_sub(flushed.len()) / BYTES;
    let mut block = [0; SHORT];
    let end = before * BYTES + flushed.len();
    let (to, _) = block.split_at_mut(end);
    let (_, to) = to.split_at_mut(before * BYTES);
    to.copy_from_slice(flushed);
    let mut text = [0; SHORT.div_ceil(BYTES) * QUANTUM];
    let (block, _) = block.split_at(end);
    let len = BASE64.encode_slice(block, &mut text).unwrap_or_default();
    let text = text.get(before * QUANTUM..len).unwrap_or_default();
    flushed.clear();
    flushed.extend_from_slice(text);
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    fn decode<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, TextError> {
        let mut decoder = TextDecoder::default();
        let mut out = Vec::new();
        for chunk in chunks {
            out.extend_from_slice(&decoder.decode(chunk));
        }
        decoder.finish()?;
        Ok(out)
    }

    proptest! {
        /// Known mistake 15.
        #[test]
        fn any_padding_and_any_cut_give_the_same_bytes(
            flushes in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..6),
            size in 1_usize..9,
        ) {
            let text: Vec<u8> = flushes.iter().flat_map(|f| encode(f[..].into())).collect();
            let expected = Ok(flushes.concat());
            prop_assert_eq!(&decode([&text[..]]), &expected);
            prop_assert_eq!(&decode(text.chunks(size)), &expected);
            for cut in 0..=text.len() {
                let (head, tail) = text.split_at(cut);
                prop_assert_eq!(&decode([head, tail]), &expected, "cut at {}", cut);
            }
        }
    }

    /// Long enough for vectors.
    #[test]
    fn a_fault_anywhere_in_a_long_text_is_found_however_it_is_cut() {
        let bytes: Vec<u8> = (0..=255).collect();
        let text = encode(bytes[..].into());
        assert_eq!(decode([&text[..]]), Ok(bytes));
        let decoded = |chunks: std::slice::Chunks<'_, u8>| {
            let mut decoder = TextDecoder::default();
            let out: Vec<u8> = chunks.flat_map(|chunk| decoder.decode(chunk)).collect();
            (out, decoder.finish())
        };
        for at in 0..text.len() {
            for foreign in [b'=', b'-', b' ', 0xff] {
                let mut text = text.to_vec();
                text[at] = foreign;
                let whole = decoded(text.chunks(text.len()));
                assert_eq!(whole, decoded(text.chunks(1)), "{foreign} at {at}");
                assert_eq!(whole, decoded(text.chunks(100)), "{foreign} at {at}");
            }
        }
    }

    #[test]
    fn what_is_before_a_fault_is_decoded_however_the_text_is_cut() {
        let text = b"YWJjZGVmAA!AYWJj";
        for size in 1..=text.len() {
            let mut decoder = TextDecoder::default();
            let mut out = Vec::new();
            for chunk in text.chunks(size) {
                out.extend_from_slice(&decoder.decode(chunk));
            }
            assert_eq!(
                (&out[..], decoder.check()),
                (&b"abcdef"[..], Err(TextError::Invalid))
            );
        }
    }

    #[test]
    fn any_length_is_encoded_and_decoded_in_one_piece() {
        let bytes: Vec<u8> = (0..70_000_u32).map(|at| (at * 7 % 251) as u8).collect();
        for len in (0..2_000).chain([32 * 1024, 65_535, 65_536, 65_537, 70_000]) {
            let bytes = &bytes[..len];
            let text = STANDARD.encode(bytes);
            assert_eq!(encode(bytes.into()), text);
            let mut with_room = BytesMut::with_capacity(encoded_len(len));
            with_room.extend_from_slice(bytes);
            let start = with_room.as_ptr();
            let encoded = encode(with_room);
            assert_eq!(encoded, text);
            assert!(len == 0 || encoded.as_ptr() == start, "it was moved: {len}");
            assert_eq!(super::decode(text.as_bytes()).unwrap(), bytes);
        }
    }

    #[test]
    fn bits_behind_the_last_byte_are_errors() {
        for text in [&b"AB=="[..], b"AAB=", b"AAAAAB==", b"AAAAAAB="] {
            assert_eq!(decode([text]), Err(TextError::Invalid), "{text:?}");
            assert_eq!(super::decode(text), None);
            let long = [&[b'A'; 200], text].concat();
            assert_eq!(decode([&long[..]]), Err(TextError::Invalid), "{text:?}");
            assert_eq!(super::decode(&long), None);
        }
    }

    /// Known mistake 14.
    #[test]
    fn two_padded_segments_in_one_chunk_decode() {
        assert_eq!(
            decode([&b"AAAAAAM=YWJj"[..]]),
            Ok(b"\x00\x00\x00\x00\x03abc".to_vec())
        );
    }

    /// Known mistake 16.
    #[test]
    fn text_without_its_last_padding_is_an_error() {
        assert_eq!(decode([&b"AAAAAAM"[..]]), Err(TextError::Truncated));
    }

    /// Known mistake 20.
    #[test]
    fn foreign_characters_and_white_space_are_errors() {
        for text in [
            &b"AA A"[..],
            b"AAAA\n\n\n\n",
            b"A===",
            b"====",
            b"AA=A",
            b"\xff\xff\xff\xff",
        ] {
            assert_eq!(decode([text]), Err(TextError::Invalid), "{text:?}");
            assert_eq!(decode(text.chunks(1)), Err(TextError::Invalid), "{text:?}");
        }
    }
}
