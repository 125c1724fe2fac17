//! A status as header fields: `grpc-status`, `grpc-message`, `grpc-status-details-bin`
//! (PROTOCOL-HTTP2, "Responses").

use std::borrow::Cow;
use std::sync::LazyLock;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode, utf8_percent_encode};
use prost::Message as _;

use crate::error_details;
use crate::metadata::{decode_bin, encode_bin};
use crate::{Code, MetadataMap, Status};

pub(crate) const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
pub(crate) const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
pub(crate) const GRPC_STATUS_DETAILS: HeaderName =
    HeaderName::from_static("grpc-status-details-bin");

/// The trailers of a call that went well and has no trailing metadata.
pub(crate) fn ok() -> HeaderMap {
    // A copy of a map costs three quarters of one that is filled.
    static OK: LazyLock<HeaderMap> =
        LazyLock::new(|| HeaderMap::from_iter([(GRPC_STATUS, HeaderValue::from_static("0"))]));
    OK.clone()
}

/// The most bytes of a message that are sent; what is beyond is cut off.
const MAX_MESSAGE: usize = 8 * 1024;

/// What `grpc-message` encodes: all but 0x20 to 0x7E, and the percent sign itself.
const MESSAGE: &AsciiSet = &CONTROLS.add(b'%');

/// The same and spaces, for the ends of a message: readers trim those.
const MESSAGE_END: &AsciiSet = &MESSAGE.add(b' ');

/// Adds the fields of a status to the trailing metadata that goes with it.
pub(crate) fn write(status: &Status, trailers: &mut HeaderMap) {
    let code = match status.code() {
        Code::Ok => Code::Unknown,
        code => code,
    };
    trailers.insert(GRPC_STATUS, HeaderValue::from(u16::from(code as u8)));
    if !status.message().is_empty() {
        insert(trailers, GRPC_MESSAGE, encode_message(status.message()));
    }
    if let Some(details) = status.encoded_details() {
        insert(trailers, GRPC_STATUS_DETAILS, encode_bin(&details));
    }
}

/// Inserts a value that was encoded to visible ASCII.
fn insert(trailers: &mut HeaderMap, name: HeaderName, value: Bytes) {
    if let Ok(value) = HeaderValue::from_maybe_shared(value) {
        trailers.insert(name, value);
    }
}

fn encode_message(message: &str) -> Bytes {
    let message = cut(message);
    let inner = message.trim_matches(' ');
    let start = message.len() - message.trim_start_matches(' ').len();
    let (head, tail) = message.split_at(start);
    let (middle, tail) = tail.split_at(inner.len());
    [
        utf8_percent_encode(head, MESSAGE_END),
        utf8_percent_encode(middle, MESSAGE),
        utf8_percent_encode(tail, MESSAGE_END),
    ]
    .into_iter()
    .flatten()
    .collect::<String>()
    .into()
}

/// The start of a message that is too long for what servers and proxies take for headers.
fn cut(message: &str) -> &str {
    let mut end = message.len().min(MAX_MESSAGE);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    message.get(..end).unwrap_or_default()
}

/// Whether the fields hold a status.
pub(crate) fn is_in(headers: &HeaderMap) -> bool {
    headers.contains_key(GRPC_STATUS)
}

/// Reads a status out of trailers: the trailing metadata of a call that went well, or its error.
pub(crate) fn read(headers: HeaderMap) -> Result<MetadataMap, Status> {
    let Some(value) = headers.get(GRPC_STATUS) else {
        return Err(
            Status::unknown("the trailers of the response have no grpc-status")
                .with_metadata(MetadataMap::from_headers(headers)),
        );
    };
    let number = value.to_str().ok().and_then(|value| value.parse().ok());
    let message = headers
        .get(GRPC_MESSAGE)
        .map(|value| percent_decode(value.as_bytes()).decode_utf8_lossy())
        .unwrap_or_default();
    let (code, message) = match number {
        Some(0) => return Ok(MetadataMap::from_headers(headers)),
        Some(number @ 1..=16) => (Code::from_i32(number), message.into_owned()),
        _ => (
            Code::Unknown,
            format!(
                "the response has grpc-status {:?}, which is no known code: {message}",
                String::from_utf8_lossy(value.as_bytes())
            ),
        ),
    };
    let details = headers
        .get(GRPC_STATUS_DETAILS)
        .and_then(|value| decode_bin(value.as_bytes()))
        .and_then(|bytes| error_details::Status::decode(bytes).ok())
        .map(|status| status.details)
        .unwrap_or_default();
    Err(Status::new(code, Cow::Owned(message))
        .with_details(details)
        .with_metadata(MetadataMap::from_headers(headers)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error_details::{BadRequest, ErrorInfo};

    fn round_trip(status: &Status) -> Status {
        let mut headers = HeaderMap::new();
        write(status, &mut headers);
        read(headers).unwrap_err()
    }

    proptest! {
        /// Known mistake 31.
        #[test]
        fn any_message_comes_back_and_is_visible_ascii_without_outer_spaces(message in ".*") {
            let mut headers = HeaderMap::new();
            write(&Status::aborted(message.clone()), &mut headers);
            if let Some(value) = headers.get(GRPC_MESSAGE) {
                let value = value.to_str().unwrap();
                prop_assert_eq!(value.trim(), value);
            }
            let status = read(headers).unwrap_err();
            prop_assert_eq!(status.message(), message);
        }
    }

    /// Known mistake 31.
    #[test]
    fn what_is_not_percent_encoded_right_is_read_as_it_is() {
        for (sent, read_as) in [
            (&b"100%"[..], "100%"),
            (b"%zz", "%zz"),
            (b"a%20b", "a b"),
            ("é".as_bytes(), "é"),
            (b"%ff", "\u{fffd}"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(GRPC_STATUS, HeaderValue::from_static("3"));
            headers.insert(GRPC_MESSAGE, HeaderValue::from_bytes(sent).unwrap());
            assert_eq!(read(headers).unwrap_err().message(), read_as);
        }
    }

    #[test]
    fn a_message_that_is_too_long_is_cut_between_characters() {
        let status = round_trip(&Status::aborted("é".repeat(MAX_MESSAGE)));
        assert_eq!(status.message(), "é".repeat(MAX_MESSAGE / 2));
    }

    #[test]
    fn details_come_back_typed() {
        let info = ErrorInfo {
            reason: "OUT_OF_CAKE".into(),
            domain: "bakery.example".into(),
            metadata: [("shop".into(), "7".into())].into(),
        };
        let status = round_trip(
            &Status::resource_exhausted("no cake")
                .with_detail(&BadRequest::violation("cake", "none left"))
                .with_detail(&info),
        );
        assert_eq!(status.detail(), Some(info));
        assert_eq!(
            status.detail(),
            Some(BadRequest::violation("cake", "none left"))
        );
        assert_eq!(status.details().len(), 2);
    }

    #[test]
    fn details_agree_with_code_and_message() {
        let status = Status::not_found("gone").with_detail(&ErrorInfo::default());
        let inner = error_details::Status::decode(status.encoded_details().unwrap()).unwrap();
        assert_eq!((inner.code, &inner.message[..]), (5, "gone"));
    }

    /// Known mistake 28.
    #[test]
    fn a_missing_or_unknown_number_is_unknown_and_says_so() {
        let status = read(HeaderMap::new()).unwrap_err();
        assert_eq!(status.code(), Code::Unknown);
        for number in ["17", "-1", "x", ""] {
            let mut headers = HeaderMap::new();
            headers.insert(GRPC_STATUS, HeaderValue::from_static(number));
            let status = read(headers).unwrap_err();
            assert_eq!(status.code(), Code::Unknown);
            assert!(status.message().contains(number), "{status}");
        }
    }

    #[test]
    fn an_error_that_says_ok_is_sent_as_unknown() {
        assert_eq!(round_trip(&Status::new(Code::Ok, "")).code(), Code::Unknown);
    }
}
