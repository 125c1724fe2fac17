//! The limit: hyper alone, which reads a request to its end and gives back bytes that were there before.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Request, Response, Version, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;

const OK: &[u8] = b"\x80\0\0\0\x0fgrpc-status:0\r\n";

/// How much of a stream goes out at once.
const CHUNK: usize = 32 * 1024;

/// The case whose stream has one message and no end.
const WAIT: &str = "wait";

/// The case of a stream of small messages.
const SMALL: &str = "count-64";

/// Small messages, of which none can leave by itself: each is copied into a chunk.
struct Small {
    frame: Bytes,
    left: usize,
    end: &'static [u8],
}

impl Small {
    fn chunk(&mut self) -> Option<Bytes> {
        if self.left == 0 {
            return None;
        }
        let mut chunk = BytesMut::with_capacity(CHUNK + self.frame.len() + self.end.len());
        while self.left > 0 && chunk.len() < CHUNK {
            chunk.put_slice(&self.frame);
            self.left -= 1;
        }
        if self.left == 0 {
            chunk.put_slice(self.end);
        }
        Some(chunk.freeze())
    }
}

/// A response, in the chunks in which it leaves.
struct Canned {
    small: Option<Small>,
    chunks: VecDeque<Bytes>,
    trailers: Option<HeaderMap>,
    is_stream: bool,
    stays_open: bool,
}

impl Body for Canned {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(chunk) = self.small.as_mut().and_then(Small::chunk) {
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        if let Some(chunk) = self.chunks.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        if self.stays_open {
            // Only the end of the connection ends it, which drops it.
            return Poll::Pending;
        }
        Poll::Ready(self.trailers.take().map(|it| Ok(Frame::trailers(it))))
    }

    fn is_end_stream(&self) -> bool {
        self.small.as_ref().is_none_or(|it| it.left == 0)
            && self.chunks.is_empty()
            && self.trailers.is_none()
            && !self.stays_open
    }

    fn size_hint(&self) -> SizeHint {
        match self.chunks.front() {
            Some(only) if !self.is_stream => SizeHint::with_exact(only.len() as u64),
            _ => SizeHint::default(),
        }
    }
}

fn varint(mut number: usize, buf: &mut BytesMut) {
    while number >= 0x80 {
        buf.put_u8(number as u8 | 0x80);
        number >>= 7;
    }
    buf.put_u8(number as u8);
}

/// The frame of a payload of a size.
fn payload(size: usize) -> BytesMut {
    let mut message = BytesMut::new();
    message.put_u8(0x0a);
    varint(size, &mut message);
    message.put_bytes(b'a', size);
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(message.len() as u32);
    frame.unsplit(message);
    frame
}

/// What is given back to a case, in each of the modes.
struct Answer {
    case: &'static str,
    grpc: Vec<Bytes>,
    binary: Vec<Bytes>,
    text: Vec<Bytes>,
}

/// What is given back, by `x-case`: it says what the response of the same call is, and so how long.
struct Answers {
    answers: Vec<Answer>,
    small: Bytes,
}

impl Answers {
    fn new() -> Self {
        let unary = |size| vec![payload(size).freeze()];
        let stream = |count, size| {
            let mut chunks = vec![];
            let mut chunk = BytesMut::new();
            for _ in 0..count {
                chunk.extend_from_slice(&payload(size));
                if chunk.len() >= CHUNK {
                    chunks.push(chunk.split().freeze());
                }
            }
            chunks.push(chunk.freeze());
            chunks
        };
        let accepted = vec![Bytes::from_static(b"\0\0\0\0\x02\x08\x32")];
        let cases = [
            ("echo-64", unary(64)),
            ("echo-64k", unary(64 * 1024)),
            ("echo-1m", unary(1024 * 1024)),
            (SMALL, stream(10_000, 64)),
            ("count-16k", stream(1_000, 16 * 1024)),
            ("ingest", accepted),
            (WAIT, unary(64)),
        ];
        Self {
            small: payload(64).freeze(),
            answers: cases
                .into_iter()
                .map(|(case, grpc)| {
                    let mut binary = grpc.clone();
                    if let Some(last) = binary.last_mut().filter(|_| case != WAIT) {
                        *last = [last, OK].concat().into();
                    }
                    let text = binary.iter().map(|chunk| base64(chunk)).collect();
                    Answer {
                        case,
                        grpc,
                        binary,
                        text,
                    }
                })
                .collect(),
        }
    }

    fn response(&self, request: &Request<Incoming>) -> Response<Canned> {
        let headers = request.headers();
        let name = headers
            .get("x-case")
            .map_or(&b""[..], HeaderValue::as_bytes);
        let content_type = headers.get(header::CONTENT_TYPE).cloned();
        let content_type = content_type.unwrap_or(HeaderValue::from_static("text/plain"));
        let found = self.answers.iter().find(|it| it.case.as_bytes() == name);
        let (mut chunks, mut trailers) = (VecDeque::new(), None);
        if let Some(answer) = found {
            chunks = match content_type.as_bytes() {
                b"application/grpc" => {
                    let mut ok = HeaderMap::new();
                    ok.insert("grpc-status", HeaderValue::from_static("0"));
                    trailers = Some(ok);
                    &answer.grpc
                }
                b"application/grpc-web-text" => &answer.text,
                _ => &answer.binary,
            }
            .iter()
            .cloned()
            .collect();
        }
        let is_text = content_type == "application/grpc-web-text";
        let small = (name == SMALL.as_bytes() && !is_text).then(|| {
            chunks.clear();
            Small {
                frame: self.small.clone(),
                left: 10_000,
                end: if trailers.is_some() { b"" } else { OK },
            }
        });
        let stays_open = name == WAIT.as_bytes();
        let is_stream =
            stays_open || name.starts_with(b"count") || request.version() == Version::HTTP_2;
        let mut response = Response::new(Canned {
            small,
            chunks,
            trailers,
            is_stream,
            stays_open,
        });
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, content_type);
        response
    }
}

fn base64(bytes: &[u8]) -> Bytes {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = BytesMut::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let [a, b, c] = [0, 1, 2].map(|at| u32::from(*three.get(at).unwrap_or(&0)));
        let group = a << 16 | b << 8 | c;
        for digit in 0..4 {
            let index = group >> (18 - 6 * digit) & 0x3f;
            text.put_u8(if digit <= three.len() {
                DIGITS[index as usize]
            } else {
                b'='
            });
        }
    }
    text.freeze()
}

async fn answer(
    request: Request<Incoming>,
    answers: Arc<Answers>,
) -> Result<Response<Canned>, hyper::Error> {
    let response = answers.response(&request);
    let mut body = request.into_body();
    while let Some(frame) = body.frame().await {
        frame?;
    }
    Ok(response)
}

fn main() -> std::io::Result<()> {
    let answers = Arc::new(Answers::new());
    harness::serve(|listener| async move {
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let answers = Arc::clone(&answers);
            tokio::spawn(async move {
                let service = service_fn(|request| answer(request, Arc::clone(&answers)));
                let builder = auto::Builder::new(TokioExecutor::new());
                // A client that goes away ends its connection.
                let _ = builder
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    })
}
