//! What calls look like on the wire, written by hand: both peers are given the same bytes.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use grpcweb_runtime::codegen::prost::Message;

/// The frame of the trailers of a call that went well.
const OK: &[u8] = b"\x80\0\0\0\x0fgrpc-status:0\r\n";

/// A protocol over a version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// gRPC-Web over HTTP/1.1.
    Binary,
    /// gRPC-Web in base64 over HTTP/1.1.
    Text,
    /// gRPC over HTTP/2.
    Grpc,
}

impl Mode {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Binary => "application/grpc-web+proto",
            Self::Text => "application/grpc-web-text",
            Self::Grpc => "application/grpc",
        }
    }

    /// The body of a request with one message.
    pub(crate) fn request(self, message: &impl Message) -> Vec<u8> {
        let frame = frame(message);
        match self {
            Self::Text => BASE64_STANDARD.encode(frame).into(),
            _ => frame,
        }
    }

    /// The body of a response. That of gRPC has its trailers behind it, not in it.
    pub(crate) fn response(self, messages: impl Iterator<Item = impl Message>) -> Bytes {
        let mut body: Vec<u8> = messages.flat_map(|message| frame(&message)).collect();
        if self != Self::Grpc {
            body.extend(OK);
        }
        match self {
            Self::Text => BASE64_STANDARD.encode(body).into(),
            _ => body.into(),
        }
    }
}

fn frame(message: &impl Message) -> Vec<u8> {
    let message = message.encode_to_vec();
    let mut frame = vec![0];
    frame.extend((message.len() as u32).to_be_bytes());
    frame.extend(message);
    frame
}
