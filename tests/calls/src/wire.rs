//! Requests and responses as they are on the wire.

use std::convert::Infallible;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream;
use grpcweb_runtime::{Body, BoxError};
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use prost::Message as _;

use crate::note;
use crate::proto::calls::Note;

/// The content type of gRPC-Web.
pub const BINARY: &str = "application/grpc-web+proto";

/// The content type of gRPC-Web in base64, as the most used client sends it.
pub const TEXT: &str = "application/grpc-web-text";

/// The content type of gRPC over HTTP/2.
pub const GRPC: &str = "application/grpc+proto";

/// A frame: flags, length, payload.
///
/// # Panics
///
/// Where the payload has 4 GiB or more.
#[must_use]
pub fn frame(flags: u8, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).expect("a length of four bytes");
    [&[flags], &len.to_be_bytes()[..], payload].concat()
}

/// The frame of a note with a text.
#[must_use]
pub fn message(text: &str) -> Vec<u8> {
    frame(0, &note(text).encode_to_vec())
}

/// A request with a body in chunks.
///
/// # Panics
///
/// Where the method or the content type cannot be in a request.
pub fn request<'a>(
    method: &str,
    content_type: &str,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Request<Body> {
    let chunks: Vec<_> = chunks
        .into_iter()
        .map(|chunk| Ok::<_, Infallible>(Frame::data(Bytes::copy_from_slice(chunk))))
        .collect();
    Request::post(format!("/calls.Notes/{method}"))
        .header("content-type", content_type)
        .header("te", "trailers")
        .body(Body::new(StreamBody::new(stream::iter(chunks))))
        .expect("a valid head")
}

/// A response that was read to its end.
#[derive(Debug)]
pub struct Reply {
    /// The status and the headers.
    pub head: Response<()>,
    /// The whole body.
    pub body: Bytes,
    /// The HTTP trailers, if there were any.
    pub trailers: Option<HeaderMap>,
}

impl Reply {
    /// Reads a response to its end.
    ///
    /// # Errors
    ///
    /// Where the body breaks off.
    pub async fn collect<B>(response: Response<B>) -> Result<Self, BoxError>
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>>,
    {
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(Into::into)?;
        Ok(Self {
            head: Response::from_parts(head, ()),
            trailers: body.trailers().cloned(),
            body: body.to_bytes(),
        })
    }

    /// A header, or nothing where it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let value = self.head.headers().get(name);
        value.map_or("", |value| value.to_str().expect("visible ASCII"))
    }

    /// The messages, and the lines `key:value` that end the call, wherever they are.
    ///
    /// # Panics
    ///
    /// Where it is no response of gRPC-Web or gRPC from its first byte to its last.
    #[must_use]
    pub fn read(&self) -> (Vec<Note>, String) {
        let body = match self.header("content-type") {
            BINARY | GRPC => self.body.clone(),
            "application/grpc-web-text+proto" => from_text(&self.body).into(),
            other => panic!("the content type {other:?}"),
        };
        let mut rest = &body[..];
        let mut messages = Vec::new();
        while !rest.is_empty() {
            let len = u32::from_be_bytes(rest[1..5].try_into().expect("four bytes")) as usize;
            let payload = &rest[5..5 + len];
            match rest[0] {
                0 => messages.push(Note::decode(payload).expect("a note")),
                0x80 => {
                    assert_eq!(rest.len(), 5 + len, "bytes after the trailers");
                    assert!(self.trailers.is_none(), "trailers twice: {self:?}");
                    let lines = String::from_utf8(payload.to_vec()).expect("visible ASCII");
                    return (messages, lines);
                }
                flags => panic!("the flags {flags:#x}"),
            }
            rest = &rest[5 + len..];
        }
        assert_eq!(self.header("content-type"), GRPC, "no trailers: {self:?}");
        let status_in_head = messages.is_empty() && !self.header("grpc-status").is_empty();
        let trailers = match &self.trailers {
            Some(trailers) => trailers,
            None if status_in_head => self.head.headers(),
            None => panic!("no trailers: {self:?}"),
        };
        let lines = trailers.iter().filter(|(key, _)| *key != "content-type");
        let lines = lines.filter(|(key, _)| *key != "date");
        let lines = lines.map(|(key, value)| {
            let value = value.to_str().expect("visible ASCII");
            format!("{key}:{value}\r\n")
        });
        (messages, lines.collect())
    }

    /// The number of the status that the call ended with.
    ///
    /// # Panics
    ///
    /// As [`read`](Self::read), and where there is not exactly one status.
    #[must_use]
    pub fn code(&self) -> u32 {
        let (_, trailers) = self.read();
        let mut statuses = trailers
            .lines()
            .filter_map(|line| line.strip_prefix("grpc-status:"));
        let status = statuses.next().expect("a status");
        assert_eq!(statuses.next(), None, "two statuses: {trailers}");
        status.parse().expect("a number")
    }
}

/// What base64 stands for whose pieces are padded each on its own.
///
/// # Panics
///
/// Where it is no base64, or the last piece is not padded.
#[must_use]
pub fn from_text(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let padding = rest.iter().position(|&c| c == b'=');
        let end = padding.map_or(rest.len(), |at| (at / 4 + 1) * 4);
        let (run, next) = rest.split_at(end);
        STANDARD.decode_vec(run, &mut bytes).expect("base64");
        rest = next;
    }
    bytes
}

/// Bodies of requests of every sort, good and bad, each with the method that it goes to.
#[must_use]
pub fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let three = [message("a"), message(""), message("bc")].concat();
    vec![
        ("Echo", message("abc")),
        ("Echo", message("fail")),
        ("Echo", vec![]),
        ("Echo", three.clone()),
        ("Echo", message("abc")[..4].to_vec()),
        ("Echo", message("abc")[..7].to_vec()),
        ("Echo", frame(0, b"\xff\xff not protobuf")),
        ("Echo", frame(0x01, b"x")),
        ("Echo", frame(0x80, b"x")),
        ("Echo", b"\0\xff\xff\xff\xff".to_vec()),
        ("Echo", b"name=value&other=value".to_vec()),
        ("Echo", [message("abc"), b"garbage".to_vec()].concat()),
        ("Repeat", message("abc")),
        ("Join", three.clone()),
        ("Join", [three.clone(), b"\0\0".to_vec()].concat()),
        ("Join", [three.clone(), frame(0x7f, b"")].concat()),
        ("Chat", three),
    ]
}
