//! Messages compressed one by one (PROTOCOL-HTTP2, "Message-Encoding"; gRPC's compression page).

use std::fmt;
use std::io::{self, Read};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
pub(crate) const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

const IDENTITY: &str = "identity";

/// The largest window of a zstd stream, 8 MiB: what RFC 8878 asks of every decoder. The window is
/// allocated on the word of the stream's header.
#[cfg(feature = "zstd")]
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// How hard brotli tries: about as fast as gzip, and smaller.
#[cfg(feature = "brotli")]
const BROTLI_QUALITY: u32 = 4;

/// The base-2 logarithm of brotli's window: 4 MiB, the size that its own tools use.
#[cfg(feature = "brotli")]
const BROTLI_WINDOW_LOG: u32 = 22;

#[cfg(feature = "brotli")]
const BUFFER: usize = 8 * 1024;

/// A way to compress messages.
///
/// Each needs the feature of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CompressionEncoding {
    /// `gzip` (RFC 1952).
    #[cfg(feature = "gzip")]
    Gzip,
    /// `deflate`: the zlib format (RFC 1950).
    #[cfg(feature = "deflate")]
    Deflate,
    /// `zstd` (RFC 8878).
    #[cfg(feature = "zstd")]
    Zstd,
    /// `br` (RFC 7932).
    #[cfg(feature = "brotli")]
    Brotli,
    /// `snappy`, in its framing format.
    #[cfg(feature = "snappy")]
    Snappy,
}

impl CompressionEncoding {
    /// Every encoding that was compiled in.
    const ALL: &[Self] = &[
        #[cfg(feature = "gzip")]
        Self::Gzip,
        #[cfg(feature = "deflate")]
        Self::Deflate,
        #[cfg(feature = "zstd")]
        Self::Zstd,
        #[cfg(feature = "brotli")]
        Self::Brotli,
        #[cfg(feature = "snappy")]
        Self::Snappy,
    ];

    /// Its name in `grpc-encoding`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "gzip")]
            Self::Gzip => "gzip",
            #[cfg(feature = "deflate")]
            Self::Deflate => "deflate",
            #[cfg(feature = "zstd")]
            Self::Zstd => "zstd",
            #[cfg(feature = "brotli")]
            Self::Brotli => "br",
            #[cfg(feature = "snappy")]
            Self::Snappy => "snappy",
        }
    }

    pub(crate) fn compress(self, payload: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            #[cfg(feature = "gzip")]
            Self::Gzip => {
                let level = flate2::Compression::default();
                let mut out = flate2::write::GzEncoder::new(Vec::new(), level);
                io::Write::write_all(&mut out, payload)?;
                out.finish()
            }
            #[cfg(feature = "deflate")]
            Self::Deflate => {
                let level = flate2::Compression::default();
                let mut out = flate2::write::ZlibEncoder::new(Vec::new(), level);
                io::Write::write_all(&mut out, payload)?;
                out.finish()
            }
            #[cfg(feature = "zstd")]
            Self::Zstd => zstd::bulk::compress(payload, zstd::DEFAULT_COMPRESSION_LEVEL),
            #[cfg(feature = "brotli")]
            Self::Brotli => {
                let mut out = Vec::new();
                let mut writer = brotli::CompressorWriter::new(
                    &mut out,
                    BUFFER,
                    BROTLI_QUALITY,
                    BROTLI_WINDOW_LOG,
                );
                io::Write::write_all(&mut writer, payload)?;
                io::Write::flush(&mut writer)?;
                drop(writer);
                Ok(out)
            }
            #[cfg(feature = "snappy")]
            Self::Snappy => {
                let mut out = snap::write::FrameEncoder::new(Vec::new());
                io::Write::write_all(&mut out, payload)?;
                out.into_inner().map_err(|error| error.into_error())
            }
        }
    }

    /// Decompresses a message, up to `limit` bytes.
    pub(crate) fn decompress(self, payload: &[u8], limit: usize) -> Result<Bytes, DecompressError> {
        match self.read_up_to(limit, payload) {
            Ok(Some(message)) => Ok(message),
            Ok(None) => Err(DecompressError::TooLong { limit }),
            Err(error) => Err(DecompressError::Corrupt {
                encoding: self.name(),
                error,
            }),
        }
    }

    fn read_up_to(self, limit: usize, payload: &[u8]) -> io::Result<Option<Bytes>> {
        match self {
            #[cfg(feature = "gzip")]
            Self::Gzip => read_up_to(limit, flate2::bufread::MultiGzDecoder::new(payload)),
            #[cfg(feature = "deflate")]
            Self::Deflate => read_up_to(limit, flate2::bufread::ZlibDecoder::new(payload)),
            #[cfg(feature = "zstd")]
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(payload)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                read_up_to(limit, decoder)
            }
            #[cfg(feature = "brotli")]
            Self::Brotli => read_up_to(limit, brotli::Decompressor::new(payload, BUFFER)),
            #[cfg(feature = "snappy")]
            Self::Snappy => read_up_to(limit, snap::read::FrameDecoder::new(payload)),
        }
    }
}

/// Reads to the end; `None` where there is more than `limit`. Memory grows with what was read, not with
/// what a header announces.
fn read_up_to(limit: usize, reader: impl Read) -> io::Result<Option<Bytes>> {
    let mut out = Vec::new();
    let cap = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(cap).read_to_end(&mut out)?;
    Ok((out.len() <= limit).then(|| out.into()))
}

/// Why a message could not be decompressed.
#[derive(Debug)]
pub(crate) enum DecompressError {
    TooLong {
        limit: usize,
    },
    Corrupt {
        encoding: &'static str,
        error: io::Error,
    },
}

impl fmt::Display for DecompressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { limit } => {
                write!(
                    f,
                    "a message is over the limit of {limit} bytes once decompressed"
                )
            }
            Self::Corrupt { encoding, error } => {
                write!(
                    f,
                    "a message that is marked as compressed is not {encoding}: {error}"
                )
            }
        }
    }
}

impl std::error::Error for DecompressError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::TooLong { .. } => None,
            Self::Corrupt { error, .. } => Some(error),
        }
    }
}

/// A few encodings, the preferred ones first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Encodings(Vec<CompressionEncoding>);

impl Encodings {
    pub(crate) fn push(&mut self, encoding: CompressionEncoding) {
        if !self.0.contains(&encoding) {
            self.0.push(encoding);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The encoding of a peer's messages, by its `grpc-encoding`.
    pub(crate) fn agreed(
        &self,
        headers: &HeaderMap,
    ) -> Result<Option<CompressionEncoding>, UnsupportedEncoding> {
        let Some(value) = headers.get(GRPC_ENCODING) else {
            return Ok(None);
        };
        let name = value.as_bytes().trim_ascii();
        if name.eq_ignore_ascii_case(IDENTITY.as_bytes()) {
            return Ok(None);
        }
        match self.named(name) {
            Some(encoding) => Ok(Some(encoding)),
            None => Err(UnsupportedEncoding {
                name: String::from_utf8_lossy(name).into_owned(),
                compiled_in: CompressionEncoding::ALL
                    .iter()
                    .any(|encoding| name == encoding.name().as_bytes()),
            }),
        }
    }

    /// The first of these that the peer takes, by its `grpc-accept-encoding`.
    pub(crate) fn acceptable(&self, headers: &HeaderMap) -> Option<CompressionEncoding> {
        if self.is_empty() {
            return None;
        }
        let mut accepted = Self::default();
        for value in headers.get_all(GRPC_ACCEPT_ENCODING) {
            for name in value.as_bytes().split(|&b| b == b',') {
                if let Some(encoding) = self.named(name.trim_ascii()) {
                    accepted.push(encoding);
                }
            }
        }
        self.0
            .iter()
            .copied()
            .find(|encoding| accepted.0.contains(encoding))
    }

    fn named(&self, name: &[u8]) -> Option<CompressionEncoding> {
        self.0
            .iter()
            .copied()
            .find(|encoding| name.eq_ignore_ascii_case(encoding.name().as_bytes()))
    }

    /// The value of `grpc-accept-encoding` that names them.
    pub(crate) fn header(&self) -> HeaderValue {
        let mut names = String::from(IDENTITY);
        for encoding in &self.0 {
            names.push(',');
            names.push_str(encoding.name());
        }
        HeaderValue::from_maybe_shared(Bytes::from(names))
            .unwrap_or(HeaderValue::from_static(IDENTITY))
    }
}

/// A `grpc-encoding` that is not accepted.
#[derive(Debug)]
pub(crate) struct UnsupportedEncoding {
    pub(crate) name: String,
    /// Whether this program could read it, were it told to.
    pub(crate) compiled_in: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: usize = 1024;

    fn all() -> Encodings {
        Encodings(CompressionEncoding::ALL.to_vec())
    }

    fn headers(name: HeaderName, values: &[&'static str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn what_is_compressed_comes_back() {
        let payload: Vec<u8> = (0..20_000_u32)
            .flat_map(|n| (n % 300).to_be_bytes())
            .collect();
        for &encoding in CompressionEncoding::ALL {
            for payload in [&payload[..], b"x", b""] {
                let compressed = encoding.compress(payload).unwrap();
                let back = encoding.decompress(&compressed, payload.len()).unwrap();
                assert_eq!(back, payload, "{encoding:?}");
            }
            let compressed = encoding.compress(&payload).unwrap();
            assert!(compressed.len() < payload.len() / 2, "{encoding:?}");
        }
    }

    /// Known mistake 58.
    #[test]
    fn a_message_that_is_too_long_once_decompressed_is_refused_at_the_limit() {
        let zeros = vec![0; 64 * KIB * KIB];
        for &encoding in CompressionEncoding::ALL {
            let bomb = encoding.compress(&zeros).unwrap();
            let refused = encoding.decompress(&bomb, KIB).unwrap_err();
            assert!(
                matches!(refused, DecompressError::TooLong { limit: KIB }),
                "{encoding:?}: {refused}"
            );
        }
    }

    /// Known mistake 58.
    #[test]
    fn what_is_cut_off_or_not_compressed_at_all_is_an_error() {
        for &encoding in CompressionEncoding::ALL {
            let compressed = encoding.compress(&vec![7; 10 * KIB]).unwrap();
            let cut = &compressed[..compressed.len() - 1];
            for broken in [cut, b"this is not compressed"] {
                let error = encoding.decompress(broken, KIB * KIB).unwrap_err();
                assert!(
                    matches!(error, DecompressError::Corrupt { .. }),
                    "{encoding:?}: {error}"
                );
            }
        }
    }

    #[cfg(all(feature = "gzip", feature = "zstd"))]
    #[test]
    fn the_first_of_ours_that_the_peer_accepts_is_chosen() {
        let mut ours = Encodings::default();
        ours.push(CompressionEncoding::Zstd);
        ours.push(CompressionEncoding::Gzip);
        for (values, chosen) in [
            (&["identity, gzip"][..], Some(CompressionEncoding::Gzip)),
            (&["gzip,zstd"], Some(CompressionEncoding::Zstd)),
            (&["gzip", "ZSTD"], Some(CompressionEncoding::Zstd)),
            (&["br, lzw"], None),
            (&[], None),
        ] {
            let headers = headers(GRPC_ACCEPT_ENCODING, values);
            assert_eq!(ours.acceptable(&headers), chosen, "{values:?}");
        }
    }

    #[test]
    fn identity_is_no_encoding_and_an_unknown_one_is_named() {
        assert_eq!(
            all()
                .agreed(&headers(GRPC_ENCODING, &["identity"]))
                .unwrap(),
            None
        );
        let unknown = all().agreed(&headers(GRPC_ENCODING, &["lzw"])).unwrap_err();
        assert_eq!((&unknown.name[..], unknown.compiled_in), ("lzw", false));
    }

    #[test]
    fn an_encoding_that_is_switched_off_is_told_from_an_unknown_one() {
        for encoding in CompressionEncoding::ALL {
            let headers = headers(GRPC_ENCODING, &[encoding.name()]);
            let refused = Encodings::default().agreed(&headers).unwrap_err();
            assert!(refused.compiled_in);
            assert_eq!(all().agreed(&headers).unwrap(), Some(*encoding));
        }
    }

    #[test]
    fn accepted_encodings_are_listed_with_identity() {
        let value = all().header();
        let names: Vec<_> = value.to_str().unwrap().split(',').collect();
        assert_eq!(names[0], "identity");
        assert_eq!(names.len(), CompressionEncoding::ALL.len() + 1);
    }
}
