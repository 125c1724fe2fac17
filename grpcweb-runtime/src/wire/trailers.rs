//! The block of trailers that ends a gRPC-Web body: lines of `key:value`, each with CRLF
//! (PROTOCOL-WEB, "Message framing"; HTTP/1 header syntax without the status line).

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::frame::{TRAILERS, put_frame};
use super::status::GRPC_STATUS;

/// The trailers frame of a call that went well and has no trailing metadata.
pub(crate) const OK: &[u8] = b"\x80\x00\x00\x00\x0fgrpc-status:0\r\n";

/// Why a block of trailers cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TrailersError {
    Malformed(String),
    TooMany,
}

impl fmt::Display for TrailersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(line) => {
                write!(
                    f,
                    "the trailers of the response have a line that is no header: {line:?}"
                )
            }
            Self::TooMany => f.write_str("the response has too many trailers"),
        }
    }
}

impl std::error::Error for TrailersError {}

/// Appends a trailers frame.
pub(crate) fn put(buf: &mut BytesMut, trailers: &HeaderMap) {
    put_frame(buf, TRAILERS, |buf| {
        for (key, value) in trailers {
            buf.put_slice(key.as_str().as_bytes());
            buf.put_u8(b':');
            buf.put_slice(value.as_bytes());
            buf.put_slice(b"\r\n");
        }
    });
}

/// The bytes of trailers, names and values.
pub(crate) fn len(trailers: &HeaderMap) -> usize {
    trailers
        .iter()
        .map(|(key, value)| key.as_str().len() + value.len())
        .sum()
}

/// Reads a block of trailers as real servers send it: CRLF or LF, the last one missing or doubled,
/// keys in any case, spaces around values.
pub(crate) fn parse(block: &Bytes) -> Result<HeaderMap, TrailersError> {
    let mut trailers = HeaderMap::new();
    // As most calls end.
    if OK.ends_with(block) && block.starts_with(b"grpc-status") {
        trailers.insert(GRPC_STATUS, HeaderValue::from_static("0"));
        return Ok(trailers);
    }
    for line in block.split(|&b| b == b'\n') {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let malformed = || TrailersError::Malformed(String::from_utf8_lossy(line).into_owned());
        let colon = line.iter().position(|&b| b == b':').ok_or_else(malformed)?;
        let (key, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        let key = HeaderName::from_bytes(key.trim_ascii()).map_err(|_| malformed())?;
        let value = HeaderValue::from_bytes(value).map_err(|_| malformed())?;
        trailers
            .try_append(key, value)
            .map_err(|_| TrailersError::TooMany)?;
    }
    Ok(trailers)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(block: &'static str) -> Vec<(String, String)> {
        parse(&Bytes::from_static(block.as_bytes()))
            .unwrap()
            .iter()
            .map(|(k, v)| (k.to_string(), v.to_str().unwrap().to_owned()))
            .collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|&(k, v)| (k.into(), v.into())).collect()
    }

    /// Known mistakes 22, 23 and 24.
    #[test]
    fn every_spelling_that_servers_use_is_read() {
        let expected = pairs(&[("grpc-status", "5"), ("grpc-message", "a: b, c: d")]);
        for block in [
            "grpc-status:5\r\ngrpc-message:a: b, c: d\r\n",
            "grpc-status: 5\r\ngrpc-message: a: b, c: d",
            "Grpc-Status:5\ngrpc-MESSAGE:  a: b, c: d  \n",
            "grpc-status:5\r\ngrpc-message:a: b, c: d\r\n\r\n",
        ] {
            assert_eq!(parsed(block), expected, "{block:?}");
        }
        assert_eq!(parsed(""), []);
    }

    /// Known mistake 21.
    #[test]
    fn a_key_that_comes_twice_keeps_both_values() {
        assert_eq!(parsed("a:1\r\na:2\r\n"), pairs(&[("a", "1"), ("a", "2")]));
    }

    #[test]
    fn a_line_that_is_no_header_is_named() {
        let error = parse(&Bytes::from_static(b"grpc-status:0\r\nnonsense\r\n")).unwrap_err();
        assert_eq!(error, TrailersError::Malformed("nonsense".into()));
    }

    /// Known mistake 32.
    #[test]
    fn more_trailers_than_a_header_map_holds_are_an_error() {
        let block: String = (0..40_000).map(|n| format!("k{n}:v\n")).collect();
        assert_eq!(parse(&block.into()), Err(TrailersError::TooMany));
    }

    #[test]
    fn the_constant_is_what_would_be_written() {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-status", HeaderValue::from_static("0"));
        let mut buf = BytesMut::new();
        put(&mut buf, &headers);
        assert_eq!(buf, OK);
    }

    proptest! {
        #[test]
        fn arbitrary_blocks_never_panic(block in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&block.into());
        }
    }
}
