//! The text mode of gRPC-Web: frames in base64 (PROTOCOL-WEB, "Text-encoded (response) streams").
//!
//! Padding may stand anywhere: a sender pads whatever it flushes, and the pieces are concatenated.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};

/// Characters that carry three bytes.
const QUANTUM: usize = 4;

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
        let mut out = Vec::with_capacity((self.filled + chunk.len()) / QUANTUM * 3);
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

    fn decode_quanta(&mut self, mut text: &[u8], out: &mut Vec<u8>) {
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

/// Appends what `text` decodes to, or nothing where it is no base64.
fn decode_all(text: &[u8], out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let decoded = STANDARD.decode_vec(text, out).is_ok();
    if !decoded {
        out.truncate(start);
    }
    decoded
}

/// Encodes what is flushed together, padded, so that the reader can decode all of it at once.
pub(crate) fn encode(flushed: &BytesMut) -> Bytes {
    STANDARD.encode(flushed).into()
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
            let text: Vec<u8> = flushes.iter().flat_map(|f| encode(&f[..].into())).collect();
            let expected = Ok(flushes.concat());
            prop_assert_eq!(&decode([&text[..]]), &expected);
            prop_assert_eq!(&decode(text.chunks(size)), &expected);
            for cut in 0..=text.len() {
                let (head, tail) = text.split_at(cut);
                prop_assert_eq!(&decode([head, tail]), &expected, "cut at {}", cut);
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
