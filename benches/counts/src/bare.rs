//! The limit: hyper alone, which reads a request to its end and gives back bytes that were there before.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::DuplexStream;

use crate::wire::Mode;

/// How much of a stream goes out at once.
const CHUNK: usize = 32 * 1024;

/// What is given back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) mode: Mode,
    pub(crate) body: Bytes,
    /// Whether it goes out in chunks, and without a length.
    pub(crate) is_stream: bool,
}

struct Canned {
    answer: Answer,
    trailers: Option<HeaderMap>,
}

impl Body for Canned {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Answer {
            body, is_stream, ..
        } = &mut self.answer;
        if body.is_empty() {
            return Poll::Ready(self.trailers.take().map(|it| Ok(Frame::trailers(it))));
        }
        let len = if *is_stream {
            CHUNK.min(body.len())
        } else {
            body.len()
        };
        Poll::Ready(Some(Ok(Frame::data(body.split_to(len)))))
    }

    fn is_end_stream(&self) -> bool {
        self.answer.body.is_empty() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if self.answer.is_stream || self.answer.mode == Mode::Grpc {
            SizeHint::default()
        } else {
            SizeHint::with_exact(self.answer.body.len() as u64)
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    answer: Answer,
) -> Result<Response<Canned>, hyper::Error> {
    let mut body = request.into_body();
    while let Some(frame) = body.frame().await {
        frame?;
    }
    let trailers = (answer.mode == Mode::Grpc).then(|| {
        let mut ok = HeaderMap::new();
        ok.insert("grpc-status", HeaderValue::from_static("0"));
        ok
    });
    let content_type = HeaderValue::from_static(answer.mode.content_type());
    let mut response = Response::new(Canned { answer, trailers });
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    Ok(response)
}

/// Serves a connection until it ends.
pub(crate) async fn serve(io: DuplexStream, given: Answer) {
    let service = service_fn(move |request| answer(request, given.clone()));
    let builder = auto::Builder::new(TokioExecutor::new());
    // A client that goes away ends its connection.
    let _ = builder.serve_connection(TokioIo::new(io), service).await;
}
