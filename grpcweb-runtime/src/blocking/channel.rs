use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use http::header::CONTENT_LENGTH;
use http::{Extensions, Request, Response, Version};
use tower_service::Service;

use super::body::{RequestReader, ResponseBody};
use super::cause::plain;
use super::connector::{self, NoConnection};
use super::{ChannelBuilder, ChannelError, ChannelPhase};
use crate::Body;
use crate::client::common::BaseUri;
use crate::deadline::Deadline;

/// A transport to one server that blocks: HTTP/1.1 with kept connections, on ureq.
///
/// Nothing is sent before the first call. Clones share their connections, and may be used by several threads
/// at once. It goes through a proxy where the environment names one (`HTTPS_PROXY`, `HTTP_PROXY`,
/// `ALL_PROXY`, `NO_PROXY`).
///
/// For clients that block. In others it would keep a thread of their runtime.
///
/// ```no_run
/// use grpcweb_runtime::blocking::Channel;
/// use hello_world::HelloRequest;
/// use hello_world::greeter_client::GreeterBlockingClient;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let greeter = GreeterBlockingClient::new(Channel::new("http://127.0.0.1:8080")?);
/// let reply = greeter.say_hello(HelloRequest { name: "world".into() })?;
/// println!("{}", reply.get_ref().message);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Channel(Arc<Inner>);

struct Inner {
    agent: ureq::Agent,
    base: BaseUri,
    address: String,
}

impl Channel {
    /// A channel to the server at a URI, as in `http://127.0.0.1:8080` or, where the service is
    /// below a path, `https://example.com/api`.
    ///
    /// # Errors
    ///
    /// Where the URI is not a valid one, or has a scheme that cannot be spoken: `https` needs the feature
    /// `blocking-tls`.
    pub fn new(uri: &str) -> Result<Self, ChannelError> {
        Self::builder().build(uri)
    }

    /// Settings for a channel.
    pub fn builder() -> ChannelBuilder {
        ChannelBuilder::default()
    }

    pub(super) fn of(agent: ureq::Agent, base: BaseUri) -> Self {
        Self(Arc::new(Inner {
            agent,
            address: base.address(),
            base,
        }))
    }
}

impl Service<Request<Body>> for Channel {
    type Response = Response<Body>;
    type Error = ChannelError;
    type Future = Exchange;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ChannelError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Exchange {
        Exchange {
            channel: self.clone(),
            request: Some(request),
        }
    }
}

/// A request that is exchanged for a response when it is polled, which blocks.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Exchange {
    channel: Channel,
    request: Option<Request<Body>>,
}

impl Future for Exchange {
    type Output = Result<Response<Body>, ChannelError>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        match self.request.take() {
            Some(request) => Poll::Ready(self.channel.0.exchange(request)),
            None => Poll::Pending,
        }
    }
}

impl Inner {
    fn exchange(&self, request: Request<Body>) -> Result<Response<Body>, ChannelError> {
        if request.version() == Version::HTTP_2 {
            return Err(ChannelError::needs_http2(
                ChannelPhase::Usage,
                &self.address,
                "a blocking channel speaks HTTP/1.1, so speak gRPC-Web over it",
            ));
        }
        let (mut head, body) = request.into_parts();
        let extensions = std::mem::replace(&mut head.extensions, Extensions::new());
        let deadline = extensions.get().map(|&Deadline(deadline)| deadline);
        head.uri = self
            .base
            .join(head.uri.path_and_query())
            .map_err(|error| ChannelError::no_uri(&self.address, error))?;
        let mut reader = RequestReader::new(body, deadline);
        if let Some(len) = reader.len {
            head.headers.insert(CONTENT_LENGTH, len.into());
        }
        let body = ureq::SendBody::from_reader(&mut reader);
        let request = Request::from_parts(head, body);
        let sent = connector::sending(|| match deadline {
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                let request = self.agent.configure_request(request);
                self.agent.run(request.timeout_global(Some(left)).build())
            }
            None => self.agent.run(request),
        });
        match sent {
            Ok(response) => Ok(response.map(|body| Body::new(ResponseBody::new(body)))),
            Err(error) => Err(self.error(error)),
        }
    }

    fn error(&self, error: ureq::Error) -> ChannelError {
        match error {
            ureq::Error::Other(other) => match other.downcast::<NoConnection>() {
                Ok(failure) => {
                    let proxy = self.agent.config().proxy();
                    let proxy = proxy.map(|proxy| format!("{}:{}", proxy.host(), proxy.port()));
                    let cause = plain(failure.error);
                    ChannelError::unreachable(failure.phase, &self.address, proxy.as_deref(), cause)
                }
                Err(other) => self.no_response(ureq::Error::Other(other)),
            },
            error => self.no_response(error),
        }
    }

    /// The server may have seen the request.
    fn no_response(&self, error: ureq::Error) -> ChannelError {
        ChannelError::no_response(&self.address, plain(error), false)
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Channel").field(&self.0.base).finish()
    }
}
