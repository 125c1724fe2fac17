//! Messages that are short, and a gibibyte once decompressed.

use std::io::Write as _;

/// Bytes that become about a gibibyte of zeros, and the name of their encoding.
///
/// They are put together from the compressed form of one mebibyte: compressing all of it takes minutes in a
/// debug build. Snappy makes no more than a twentieth of anything; its bomb is as long as a message may be.
pub(crate) fn bombs() -> [(&'static str, Vec<u8>); 5] {
    [
        ("gzip", gzip()),
        ("deflate", deflate()),
        ("zstd", zstd()),
        ("br", brotli()),
        ("snappy", snappy()),
    ]
}

static PIECE: [u8; 1024 * 1024] = [0; 1024 * 1024];
const PIECES: usize = 1024;

fn gzip() -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(&PIECE).unwrap();
    out.finish().unwrap().repeat(PIECES)
}

fn zstd() -> Vec<u8> {
    zstd::bulk::compress(&PIECE[..], 19).unwrap().repeat(PIECES)
}

/// A stream is cut where it was flushed: what comes after needs nothing of what was before.
fn deflate() -> Vec<u8> {
    use flate2::{Compress, Compression, FlushCompress};
    let mut compress = Compress::new(Compression::best(), true);
    let mut pieces = [Vec::with_capacity(64 * 1024), Vec::with_capacity(64 * 1024)];
    for piece in &mut pieces {
        compress
            .compress_vec(&PIECE, piece, FlushCompress::Full)
            .unwrap();
    }
    let [first, next] = pieces;
    [first, next.repeat(PIECES - 1)].concat()
}

fn brotli() -> Vec<u8> {
    let mut out = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
    let mut ends = Vec::new();
    for _ in 0..4 {
        out.write_all(&PIECE).unwrap();
        out.flush().unwrap();
        ends.push(out.get_ref().len());
    }
    let whole = &out.get_ref()[..ends[3]];
    [&whole[..ends[2]], &whole[ends[2]..].repeat(PIECES - 3)].concat()
}

fn snappy() -> Vec<u8> {
    let mut out = snap::write::FrameEncoder::new(Vec::new());
    out.write_all(&PIECE[..64 * 1024]).unwrap();
    out.flush().unwrap();
    let start = out.get_ref().len();
    out.write_all(&PIECE[..64 * 1024]).unwrap();
    out.flush().unwrap();
    let whole = out.get_ref();
    let next = &whole[start..];
    let room = 4 * 1024 * 1024 - start;
    [&whole[..start], &next.repeat(room / next.len())].concat()
}
