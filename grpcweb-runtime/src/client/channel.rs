use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower_service::Service;

use crate::{Body, BoxError};

/// How long a connection may take to be made, unless set otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A transport to one server on hyper: HTTP/1.1 with kept connections, or HTTP/2.
///
/// Nothing is sent before the first call. Clones share their connections. It runs on tokio.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use grpcweb_runtime::Channel;
/// use hello_world::HelloRequest;
/// use hello_world::greeter_client::GreeterClient;
///
/// let greeter = GreeterClient::new(Channel::new("http://127.0.0.1:8080")?);
/// let reply = greeter.say_hello(HelloRequest { name: "world".into() }).await?;
/// println!("{}", reply.get_ref().message);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Channel {
    client: legacy::Client<HttpConnector, Body>,
    base: Arc<Base>,
}

/// Where the server is.
#[derive(Debug)]
struct Base {
    authority: Authority,
    /// What stands before the path of a call; without a slash at its end.
    path: String,
}

impl Channel {
    /// A channel to the server at a URI, as in `http://127.0.0.1:8080` or, where the service is
    /// below a path, `http://example.com/api`.
    ///
    /// # Errors
    ///
    /// Where the URI is not a valid one with the scheme `http`.
    pub fn new(uri: &str) -> Result<Self, ChannelError> {
        Self::builder().build(uri)
    }

    /// Settings for a channel.
    pub fn builder() -> ChannelBuilder {
        ChannelBuilder {
            http2: false,
            connect_timeout: CONNECT_TIMEOUT,
        }
    }
}

/// Settings for a [`Channel`].
///
/// ```
/// use grpcweb_runtime::Channel;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), grpcweb_runtime::client::ChannelError> {
/// let channel = Channel::builder().http2_prior_knowledge().build("http://127.0.0.1:8080")?;
/// # let _ = channel;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "settings do nothing until a channel is built with them"]
pub struct ChannelBuilder {
    http2: bool,
    connect_timeout: Duration,
}

impl ChannelBuilder {
    /// Speaks HTTP/2 from the first byte on, which the server has to know. Without it: HTTP/1.1.
    pub fn http2_prior_knowledge(mut self) -> Self {
        self.http2 = true;
        self
    }

    /// How long a connection may take to be made: 10 seconds unless set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Makes the channel.
    ///
    /// # Errors
    ///
    /// As [`Channel::new`].
    pub fn build(self, uri: &str) -> Result<Channel, ChannelError> {
        let base = Base::parse(uri)?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(self.connect_timeout));
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .http2_only(self.http2)
            .build(connector);
        Ok(Channel {
            client,
            base: Arc::new(base),
        })
    }
}

impl Base {
    fn parse(uri: &str) -> Result<Self, ChannelError> {
        let invalid = |problem: Problem| ChannelError::new(uri, problem);
        let parsed: Uri = uri
            .parse()
            .map_err(|error| invalid(Problem::InvalidUri(error)))?;
        if parsed.scheme() != Some(&Scheme::HTTP) {
            return Err(invalid(Problem::Scheme));
        }
        if parsed.query().is_some() {
            return Err(invalid(Problem::Query));
        }
        let path = parsed.path().trim_end_matches('/').to_owned();
        match parsed.into_parts().authority {
            Some(authority) => Ok(Self { authority, path }),
            None => Err(invalid(Problem::Scheme)),
        }
    }

    /// The URI of a call: `path_and_query` below this base.
    fn join(&self, path_and_query: Option<&PathAndQuery>) -> Result<Uri, http::Error> {
        let path = path_and_query.map_or("/", PathAndQuery::as_str);
        let builder = Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(self.authority.clone());
        match path_and_query {
            Some(path) if self.path.is_empty() => builder.path_and_query(path.clone()),
            _ => builder.path_and_query(format!("{}{path}", self.path)),
        }
        .build()
    }
}

impl Service<Request<Body>> for Channel {
    type Response = Response<Incoming>;
    type Error = ChannelError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Incoming>, ChannelError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ChannelError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let base = Arc::clone(&self.base);
        match base.join(request.uri().path_and_query()) {
            Ok(uri) => *request.uri_mut() = uri,
            Err(error) => {
                let error = base.error(Problem::Call(error.into()));
                return Box::pin(std::future::ready(Err(error)));
            }
        }
        let response = self.client.request(request);
        Box::pin(async move {
            response
                .await
                .map_err(|error| base.error(Problem::Call(error.into())))
        })
    }
}

impl Base {
    fn error(&self, problem: Problem) -> ChannelError {
        // Not the authority, which may hold a password.
        let port = self.authority.port().map(|port| format!(":{port}"));
        let port = port.unwrap_or_default();
        let uri = format!("http://{}{port}{}", self.authority.host(), self.path);
        ChannelError::new(&uri, problem)
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Channel").field(&self.base).finish()
    }
}

/// Why a [`Channel`] could not be made, or could not carry a call.
#[derive(Debug)]
pub struct ChannelError {
    uri: String,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    InvalidUri(http::uri::InvalidUri),
    Scheme,
    Query,
    Call(BoxError),
}

impl ChannelError {
    fn new(uri: &str, problem: Problem) -> Self {
        Self {
            uri: uri.to_owned(),
            problem,
        }
    }
}

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { uri, problem } = self;
        match problem {
            Problem::InvalidUri(_) => write!(f, "{uri:?} is not a URI"),
            Problem::Scheme => write!(
                f,
                "{uri:?} does not begin with http:// and a host; a channel has no TLS of its own"
            ),
            Problem::Query => write!(f, "{uri:?} has a query, which no call could be below"),
            Problem::Call(_) => write!(f, "no response from {uri}"),
        }
    }
}

impl std::error::Error for ChannelError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            Problem::InvalidUri(error) => Some(error),
            Problem::Call(error) => Some(error.as_ref()),
            Problem::Scheme | Problem::Query => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(base: &str) -> String {
        let path = PathAndQuery::from_static("/pkg.Service/Method");
        Base::parse(base)
            .unwrap()
            .join(Some(&path))
            .unwrap()
            .to_string()
    }

    #[test]
    fn a_call_is_below_the_base_with_exactly_one_slash() {
        for base in ["http://host:1", "http://host:1/"] {
            assert_eq!(joined(base), "http://host:1/pkg.Service/Method");
        }
        for base in ["http://host/api", "http://host/api/", "http://host/api//"] {
            assert_eq!(joined(base), "http://host/api/pkg.Service/Method");
        }
    }

    #[test]
    fn an_error_names_the_server_and_not_the_password() {
        let base = Base::parse("http://user:secret@host:1/api").unwrap();
        let error = base.error(Problem::Scheme).to_string();
        assert!(
            error.contains("http://host:1/api") && !error.contains("secret"),
            "{error}"
        );
    }

    #[test]
    fn a_uri_that_cannot_work_is_refused_with_the_reason() {
        for (uri, reason) in [
            ("localhost:8080", "http://"),
            ("https://host", "TLS"),
            ("/path", "http://"),
            ("http://host/?a=b", "query"),
            ("http://ho st", "not a URI"),
        ] {
            let error = Base::parse(uri).unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains(uri), "{error}");
        }
    }
}
