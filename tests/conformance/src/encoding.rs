//! How the suite names what messages are compressed in.

use grpcweb_runtime::CompressionEncoding;

use crate::v1::Compression;

/// All that the suite has, but for none at all.
pub(crate) const ALL: [CompressionEncoding; 5] = [
    CompressionEncoding::Gzip,
    CompressionEncoding::Deflate,
    CompressionEncoding::Zstd,
    CompressionEncoding::Brotli,
    CompressionEncoding::Snappy,
];

/// `None` where messages are not compressed.
pub(crate) fn of(compression: Compression) -> Option<CompressionEncoding> {
    match compression {
        Compression::Unspecified | Compression::Identity => None,
        Compression::Gzip => Some(CompressionEncoding::Gzip),
        Compression::Br => Some(CompressionEncoding::Brotli),
        Compression::Zstd => Some(CompressionEncoding::Zstd),
        Compression::Deflate => Some(CompressionEncoding::Deflate),
        Compression::Snappy => Some(CompressionEncoding::Snappy),
    }
}
