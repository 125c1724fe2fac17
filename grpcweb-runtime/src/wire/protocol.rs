//! The protocols and the content types that name them.

use http::HeaderValue;

/// The media types that a server answers 415 with, as the value of `accept-post`.
pub(crate) const ACCEPTED: HeaderValue = HeaderValue::from_static(
    "application/grpc-web, application/grpc-web+proto, application/grpc-web-text, \
     application/grpc-web-text+proto",
);

/// How messages and status travel. All that differs between protocols is said here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Binary frames.
    GrpcWeb,
    /// The same frames in base64.
    GrpcWebText,
}

/// Why a content type names no protocol that is spoken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnknownProtocol {
    /// gRPC-Web, but with messages in another format than protobuf.
    Codec(Protocol),
    /// Not gRPC-Web at all.
    Foreign,
}

impl Protocol {
    /// Reads a media type: in any case, parameters ignored.
    pub(crate) fn from_content_type(value: &[u8]) -> Result<Self, UnknownProtocol> {
        let essence = value.split(|&b| b == b';').next().unwrap_or_default();
        let essence = essence.trim_ascii();
        let (family, codec) = match essence.iter().position(|&b| b == b'+') {
            Some(plus) => {
                let (family, codec) = essence.split_at(plus);
                (family, codec.get(1..))
            }
            None => (essence, None),
        };
        let protocol = if family.eq_ignore_ascii_case(b"application/grpc-web") {
            Self::GrpcWeb
        } else if family.eq_ignore_ascii_case(b"application/grpc-web-text") {
            Self::GrpcWebText
        } else {
            return Err(UnknownProtocol::Foreign);
        };
        match codec {
            None => Ok(protocol),
            Some(codec) if codec.eq_ignore_ascii_case(b"proto") => Ok(protocol),
            Some(_) => Err(UnknownProtocol::Codec(protocol)),
        }
    }

    /// The content type of what is sent. A constant: nothing a peer sent is echoed.
    pub(crate) fn content_type(self) -> HeaderValue {
        match self {
            Self::GrpcWeb => HeaderValue::from_static("application/grpc-web+proto"),
            Self::GrpcWebText => HeaderValue::from_static("application/grpc-web-text+proto"),
        }
    }

    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::GrpcWebText)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_read_in_any_case_and_with_parameters() {
        for (value, protocol) in [
            ("application/grpc-web", Protocol::GrpcWeb),
            ("application/grpc-web+proto", Protocol::GrpcWeb),
            ("Application/gRPC-Web+Proto", Protocol::GrpcWeb),
            ("application/grpc-web; charset=utf-8", Protocol::GrpcWeb),
            ("application/grpc-web-text", Protocol::GrpcWebText),
            ("application/grpc-web-text+proto;a=b", Protocol::GrpcWebText),
        ] {
            assert_eq!(
                Protocol::from_content_type(value.as_bytes()),
                Ok(protocol),
                "{value}"
            );
        }
    }

    #[test]
    fn another_codec_is_told_from_another_protocol() {
        for (value, error) in [
            (
                "application/grpc-web+thrift",
                UnknownProtocol::Codec(Protocol::GrpcWeb),
            ),
            (
                "application/grpc-web-text+json",
                UnknownProtocol::Codec(Protocol::GrpcWebText),
            ),
            ("application/grpc-website", UnknownProtocol::Foreign),
            (
                "application/x-www-form-urlencoded",
                UnknownProtocol::Foreign,
            ),
            ("text/plain; application/grpc-web", UnknownProtocol::Foreign),
            ("", UnknownProtocol::Foreign),
        ] {
            assert_eq!(
                Protocol::from_content_type(value.as_bytes()),
                Err(error),
                "{value}"
            );
        }
    }
}
