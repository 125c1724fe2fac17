//! Bodies that are compressed as a whole (HTTP `content-encoding`), for clients that cannot ask for
//! compressed messages: browsers.

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, Response, header};
use http_body::Frame;

use crate::{Body, BoxError};

/// Whether a client takes gzip: it names it, or anything, and not with the weight zero (RFC 9110, section
/// 12.5.3).
pub(super) fn is_accepted(headers: &HeaderMap) -> bool {
    let mut any = false;
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        for coding in value.as_bytes().split(|&b| b == b',') {
            let mut parts = coding.split(|&b| b == b';').map(<[u8]>::trim_ascii);
            let name = parts.next().unwrap_or_default();
            let wanted = !parts.any(is_zero_weight);
            if name.eq_ignore_ascii_case(b"gzip") {
                return wanted;
            }
            any |= wanted && name == b"*";
        }
    }
    any
}

fn is_zero_weight(parameter: &[u8]) -> bool {
    let weight = parameter
        .strip_prefix(b"q=")
        .or_else(|| parameter.strip_prefix(b"Q="));
    weight.is_some_and(|weight| weight.iter().all(|b| matches!(b, b'0' | b'.')))
}

/// Compresses the body of a response, and says so in its head.
pub(super) fn gzip(response: Response<Body>) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    head.headers
        .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    head.headers
        .append(header::VARY, HeaderValue::from_static("accept-encoding"));
    let body = GzipBody {
        body,
        encoder: Some(GzEncoder::new(Vec::new(), Compression::fast())),
    };
    Response::from_parts(head, Body::new(body))
}

/// Compresses what the body hands out at once so that it can be read at once.
struct GzipBody {
    body: Body,
    encoder: Option<GzEncoder<Vec<u8>>>,
}

impl GzipBody {
    fn chunk(&mut self, data: Option<Bytes>) -> io::Result<Bytes> {
        match (data, &mut self.encoder) {
            (Some(data), Some(encoder)) => {
                encoder.write_all(&data)?;
                encoder.flush()?;
                Ok(std::mem::take(encoder.get_mut()).into())
            }
            (None, encoder) => encoder.take().map_or(Ok(Bytes::new()), |encoder| {
                encoder.finish().map(Bytes::from)
            }),
            (Some(data), None) => Ok(data),
        }
    }
}

impl http_body::Body for GzipBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.encoder.is_none() {
            return Poll::Ready(None);
        }
        let data = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => frame.into_data().ok(),
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            None => None,
        };
        let chunk = self.chunk(data).map(Frame::data).map_err(Into::into);
        Poll::Ready(Some(chunk))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_used_only_where_the_client_takes_it() {
        for (value, accepted) in [
            ("gzip", true),
            ("gzip, deflate, br, zstd", true),
            ("br, GZIP;q=0.5", true),
            ("*", true),
            ("gzip;q=0, *", false),
            ("gzip; q=0.000", false),
            ("br", false),
            ("identity, *;q=0", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            assert_eq!(is_accepted(&headers), accepted, "{value:?}");
        }
        assert!(!is_accepted(&HeaderMap::new()));
    }
}
