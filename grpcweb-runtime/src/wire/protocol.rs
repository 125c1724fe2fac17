//! The protocols and the content types that name them.

use http::HeaderValue;

/// The media types that a server answers 415 with, as the value of `accept-post`.
pub(crate) const ACCEPTED: HeaderValue = HeaderValue::from_static(
    "application/grpc-web, application/grpc-web+proto, application/grpc-web-text, \
     application/grpc-web-text+proto, application/grpc, application/grpc+proto",
);

/// How messages and status travel. All that differs between protocols is said here.
///
/// A server tells them apart by the content type of the request; a client is told which to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// gRPC-Web: binary frames, the status in the last of them.
    GrpcWeb,
    /// gRPC-Web in text mode: the same frames in base64.
    GrpcWebText,
    /// gRPC: binary frames over HTTP/2, the status in HTTP trailers.
    Grpc,
}

/// Why a content type names no protocol that is spoken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnknownProtocol {
    /// A protocol that is, but with messages in another format than protobuf.
    Codec(Protocol),
    /// Neither gRPC nor gRPC-Web.
    Foreign,
}

impl Protocol {
    /// Reads a media type: in any case, parameters ignored. Of several that a proxy or a layer joined into
    /// one value, the first.
    pub(crate) fn from_content_type(value: &[u8]) -> Result<Self, UnknownProtocol> {
        match value {
            // As nearly all clients write them.
            b"application/grpc-web+proto" => Ok(Self::GrpcWeb),
            b"application/grpc-web-text" => Ok(Self::GrpcWebText),
            b"application/grpc" => Ok(Self::Grpc),
            _ => Self::from_media_type(value),
        }
    }

    fn from_media_type(value: &[u8]) -> Result<Self, UnknownProtocol> {
        let essence = value
            .split(|b| b";,".contains(b))
            .next()
            .unwrap_or_default();
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
        } else if family.eq_ignore_ascii_case(b"application/grpc") {
            Self::Grpc
        } else {
            return Err(UnknownProtocol::Foreign);
        };
        match codec {
            None => Ok(protocol),
            Some(codec) if codec.eq_ignore_ascii_case(b"proto") => Ok(protocol),
            Some(_) => Err(UnknownProtocol::Codec(protocol)),
        }
    }

    /// The content type of requests, and of what they accept.
    pub(crate) fn request_content_type(self) -> HeaderValue {
        match self {
            // As browsers send it: not every server knows that of text with `+proto`.
            Self::GrpcWebText => const { HeaderValue::from_static("application/grpc-web-text") },
            Self::GrpcWeb | Self::Grpc => self.content_type(),
        }
    }

    /// The content type of responses. A constant: nothing a peer sent is echoed.
    pub(crate) fn content_type(self) -> HeaderValue {
        // Outside of a `const` block, every byte of one is looked at each time.
        match self {
            Self::GrpcWeb => const { HeaderValue::from_static("application/grpc-web+proto") },
            Self::GrpcWebText => {
                const { HeaderValue::from_static("application/grpc-web-text+proto") }
            }
            Self::Grpc => const { HeaderValue::from_static("application/grpc+proto") },
        }
    }

    /// Whether bodies are in base64.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::GrpcWebText)
    }

    /// Whether the status of a call is a frame of the response's body, the last one. It is in HTTP
    /// trailers otherwise.
    pub(crate) fn ends_in_body(self) -> bool {
        !self.needs_http2()
    }

    /// Whether it exists over HTTP/2 alone.
    pub(crate) fn needs_http2(self) -> bool {
        matches!(self, Self::Grpc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known mistake 36.
    #[test]
    fn media_types_are_read_in_any_case_and_with_parameters() {
        for (value, protocol) in [
            ("application/grpc-web", Protocol::GrpcWeb),
            ("application/grpc-web+proto", Protocol::GrpcWeb),
            ("Application/gRPC-Web+Proto", Protocol::GrpcWeb),
            ("application/grpc-web; charset=utf-8", Protocol::GrpcWeb),
            (
                "application/grpc-web+proto, application/grpc",
                Protocol::GrpcWeb,
            ),
            ("application/grpc-web-text", Protocol::GrpcWebText),
            ("application/grpc-web-text+proto;a=b", Protocol::GrpcWebText),
            ("application/grpc", Protocol::Grpc),
            ("application/grpc+proto", Protocol::Grpc),
        ] {
            assert_eq!(
                Protocol::from_content_type(value.as_bytes()),
                Ok(protocol),
                "{value}"
            );
        }
    }

    /// Known mistake 37.
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
            (
                "application/grpc+json",
                UnknownProtocol::Codec(Protocol::Grpc),
            ),
            ("application/grpc-website", UnknownProtocol::Foreign),
            ("application/grpcs", UnknownProtocol::Foreign),
            (
                "application/x-www-form-urlencoded",
                UnknownProtocol::Foreign,
            ),
            ("text/plain; application/grpc-web", UnknownProtocol::Foreign),
            ("text/plain, application/grpc-web", UnknownProtocol::Foreign),
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
