use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use grpcweb_runtime::Body;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Frame;
use tower_service::Service;

/// A transport that answers every call with the same response, in chunks as they were given.
#[derive(Debug, Clone)]
pub struct Canned {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub chunks: Vec<Bytes>,
    /// HTTP trailers after the body.
    pub trailers: HeaderMap,
    /// How the body ends.
    pub end: End,
}

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// As it should.
    Clean,
    /// With an error of the connection.
    Broken,
    /// Not at all.
    Never,
}

impl Canned {
    /// A gRPC-Web response with a body in chunks.
    pub fn new(chunks: impl IntoIterator<Item: AsRef<[u8]>>) -> Self {
        let content_type = http::HeaderValue::from_static("application/grpc-web+proto");
        Self {
            status: StatusCode::OK,
            headers: HeaderMap::from_iter([(http::header::CONTENT_TYPE, content_type)]),
            chunks: chunks
                .into_iter()
                .map(|chunk| Bytes::copy_from_slice(chunk.as_ref()))
                .collect(),
            trailers: HeaderMap::new(),
            end: End::Clean,
        }
    }
}

impl Service<Request<Body>> for Canned {
    type Response = Response<CannedBody>;
    type Error = Infallible;
    type Future = Ready<Result<Response<CannedBody>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        let mut response = Response::new(CannedBody {
            chunks: self.chunks.clone().into_iter(),
            trailers: Some(self.trailers.clone()).filter(|trailers| !trailers.is_empty()),
            end: self.end,
        });
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        ready(Ok(response))
    }
}

/// The body of a [`Canned`] response.
#[derive(Debug)]
pub struct CannedBody {
    chunks: std::vec::IntoIter<Bytes>,
    trailers: Option<HeaderMap>,
    end: End,
}

impl http_body::Body for CannedBody {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        let data = self.chunks.next().map(Frame::data);
        let frame = data.or_else(|| self.trailers.take().map(Frame::trailers));
        match (frame, self.end) {
            (Some(frame), _) => Poll::Ready(Some(Ok(frame))),
            (None, End::Clean) => Poll::Ready(None),
            (None, End::Broken) => Poll::Ready(Some(Err("connection reset"))),
            (None, End::Never) => Poll::Pending,
        }
    }
}
