//! Times the parsers and writers of the wire. See README.md.

use bytes::{Bytes, BytesMut};
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use micro::compression::CompressionEncoding;

/// Of a small message, of one that fills chunks, and of a large one.
const SIZES: [usize; 3] = [64, 64 << 10, 1 << 20];

/// How hyper cuts long bodies.
const CHUNK: usize = 16 << 10;

const ENCODINGS: [CompressionEncoding; 5] = [
    CompressionEncoding::Gzip,
    CompressionEncoding::Deflate,
    CompressionEncoding::Zstd,
    CompressionEncoding::Brotli,
    CompressionEncoding::Snappy,
];

fn main() {
    divan::main();
}

/// Bytes of every value, the same each time.
fn payload(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n * 31 % 251) as u8).collect()
}

/// Words that come again, with numbers that do not: what messages are like.
fn records(len: usize) -> Vec<u8> {
    let lines = (0_usize..).flat_map(|n| {
        let id = n.wrapping_mul(2_654_435_761) % 1_000_003;
        format!("request {id} of /greeter/say_hello took {n} ms; ").into_bytes()
    });
    lines.take(len).collect()
}

fn chunks(bytes: &Bytes) -> impl Iterator<Item = Bytes> {
    let starts = (0..bytes.len()).step_by(CHUNK);
    starts.map(|start| bytes.slice(start..bytes.len().min(start + CHUNK)))
}

mod frames {
    use super::*;

    const MESSAGES: usize = 1_000;

    fn body(messages: usize, size: usize) -> Bytes {
        let mut body = BytesMut::new();
        for _ in 0..messages {
            micro::frames::write(&mut body, &payload(size));
        }
        body.freeze()
    }

    #[divan::bench(args = SIZES)]
    fn read_one(bencher: Bencher<'_, '_>, size: usize) {
        let body = body(1, size);
        bencher
            .counter(BytesCount::new(size))
            .bench(|| micro::frames::read(chunks(&body)));
    }

    #[divan::bench]
    fn read_1000_of_64_bytes(bencher: Bencher<'_, '_>) {
        let body = body(MESSAGES, 64);
        bencher
            .counter(ItemsCount::new(MESSAGES))
            .bench(|| micro::frames::read(chunks(&body)));
    }

    #[divan::bench(args = SIZES)]
    fn write(bencher: Bencher<'_, '_>, size: usize) {
        let message = payload(size);
        bencher
            .counter(BytesCount::new(size))
            .with_inputs(|| BytesMut::with_capacity(size + 5))
            .bench_refs(|buf| micro::frames::write(buf, &message));
    }
}

mod text {
    use super::*;

    #[divan::bench(args = SIZES)]
    fn encode(bencher: Bencher<'_, '_>, size: usize) {
        let bytes = payload(size);
        bencher
            .counter(BytesCount::new(size))
            .bench(|| micro::text::encode(&bytes));
    }

    #[divan::bench(args = SIZES)]
    fn decode(bencher: Bencher<'_, '_>, size: usize) {
        let text = micro::text::encode(&payload(size));
        bencher
            .counter(BytesCount::new(size))
            .bench(|| micro::text::decode(text.chunks(CHUNK)));
    }

    /// As of a sender that pads each message of a stream.
    #[divan::bench]
    fn decode_1000_padded(bencher: Bencher<'_, '_>) {
        let text = micro::text::encode(&payload(64)).repeat(1_000);
        bencher
            .counter(ItemsCount::new(1_000_usize))
            .bench(|| micro::text::decode(text.chunks(CHUNK)));
    }

    /// Cut where quanta do not end.
    #[divan::bench]
    fn decode_64_kib_in_odd_chunks(bencher: Bencher<'_, '_>) {
        let text = micro::text::encode(&payload(64 << 10));
        bencher
            .counter(BytesCount::new(64_usize << 10))
            .bench(|| micro::text::decode(text.chunks(1_449)));
    }
}

mod trailers {
    use super::*;

    /// An error with a message and some metadata.
    fn error() -> HeaderMap {
        let fields = [
            ("grpc-status", "5"),
            ("grpc-message", "there is no shelf 17 in this library"),
            ("retry-after", "30"),
            ("x-request-id", "b1946ac9-2492-4d23-47c6-235b4d2611184"),
            ("server-timing", "db;dur=53.2, app;dur=47.1"),
        ];
        let fields = fields.map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        fields.into_iter().collect()
    }

    #[divan::bench]
    fn parse_ok(bencher: Bencher<'_, '_>) {
        let block = Bytes::from_static(b"grpc-status:0\r\n");
        bencher.bench(|| micro::trailers::parse(&block));
    }

    #[divan::bench]
    fn parse_error(bencher: Bencher<'_, '_>) {
        let mut frame = BytesMut::new();
        micro::trailers::write(&mut frame, &error());
        let block = frame.freeze().slice(5..);
        bencher.bench(|| micro::trailers::parse(&block));
    }

    #[divan::bench]
    fn write_error(bencher: Bencher<'_, '_>) {
        let trailers = error();
        bencher
            .with_inputs(|| BytesMut::with_capacity(1024))
            .bench_refs(|buf| micro::trailers::write(buf, &trailers));
    }
}

mod compression {
    use super::*;

    const LEN: usize = 64 << 10;

    #[divan::bench(args = ENCODINGS)]
    fn compress_64_kib(bencher: Bencher<'_, '_>, encoding: CompressionEncoding) {
        let message = records(LEN);
        bencher
            .counter(BytesCount::new(LEN))
            .bench(|| micro::compression::compress(encoding, &message));
    }

    #[divan::bench(args = ENCODINGS)]
    fn decompress_64_kib(bencher: Bencher<'_, '_>, encoding: CompressionEncoding) {
        let compressed = micro::compression::compress(encoding, &records(LEN));
        bencher
            .counter(BytesCount::new(LEN))
            .bench(|| micro::compression::decompress(encoding, &compressed));
    }
}
