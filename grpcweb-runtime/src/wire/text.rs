//! The text mode of gRPC-Web: frames in base64 (PROTOCOL-WEB, "Text-encoded (response) streams").
//!
//! Padding may stand anywhere: a sender pads whatever it flushes, and the pieces are concatenated.

use std::fmt;

use base64::Engine as _;
use bytes::Bytes;

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
                self.invalid = !padded
                    .chunks(QUANTUM)
                    .all(|quantum| decode_all(quantum, out));
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

/// Encodes what is flushed together, padded, so that the reader can decode all of it at once.
pub(crate) fn encode(flushed: &[u8]) -> Bytes {
    let mut text = vec![0; flushed.len().div_ceil(BYTES) * QUANTUM];
    // It fits: that is its length.
    let _ = BASE64.encode_slice(flushed, &mut text);
    text.into()
}

#[cfg(test)]
mod tests {
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
            let text: Vec<u8> = flushes.iter().flat_map(|f| encode(f)).collect();
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
        let text = encode(&bytes);
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
