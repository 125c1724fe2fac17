use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use grpcweb_runtime::client::Client;
use grpcweb_runtime::{Body, BoxError, Channel, Protocol, Router, ServerOptions};
use http::{Request, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower_service::Service;

use crate::MyNotes;
use crate::proto::calls::notes_client::NotesClient;
use crate::proto::calls::notes_server::NotesServer;

/// A server on a port of its own, which ends when it is dropped.
#[derive(Debug)]
pub struct Server {
    /// Where it listens, as in `127.0.0.1:1234`.
    pub address: String,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves the notes.
    pub async fn start(notes: MyNotes) -> Self {
        Self::serve(Router::new().add_service(NotesServer::new(notes))).await
    }

    /// Serves a router.
    pub async fn serve(router: Router) -> Self {
        Self::with(|listener| grpcweb_runtime::serve(listener, router)).await
    }

    /// Serves what `serve` makes of a listener.
    pub async fn with<F>(serve: impl FnOnce(TcpListener) -> F) -> Self
    where
        F: IntoFuture<IntoFuture: Send + 'static>,
    {
        let (listener, address) = listen().await;
        let server = serve(listener).into_future();
        let task = tokio::spawn(async move {
            // The test sees by itself when the server is not there.
            let _ = server.await;
        });
        Self { address, task }
    }

    /// A channel to it.
    pub fn channel(&self, http2: bool) -> Channel {
        let builder = Channel::builder();
        let builder = if http2 {
            builder.http2_prior_knowledge()
        } else {
            builder
        };
        match builder.build(&format!("http://{}", self.address)) {
            Ok(channel) => channel,
            Err(error) => unreachable!("an address is a URI: {error}"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    (listener, address)
}

type BoxFuture = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

/// Any of the transports.
#[derive(Clone, Debug)]
pub enum AnyTransport {
    /// The server itself.
    InProcess(NotesServer<MyNotes>),
    /// A router itself.
    Router(Box<Router>),
    /// Over a socket.
    Channel(Box<Channel>),
}

impl Service<Request<Body>> for AnyTransport {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> BoxFuture {
        match self {
            Self::InProcess(server) => {
                let response = server.call(request);
                Box::pin(async { response.await.map_err(|never: Infallible| match never {}) })
            }
            Self::Router(router) => {
                let response = router.call(request);
                Box::pin(async { response.await.map_err(|never: Infallible| match never {}) })
            }
            Self::Channel(channel) => {
                let response = channel.call(request);
                Box::pin(async { Ok(response.await?.map(Body::new)) })
            }
        }
    }
}

/// A transport that adds a header to every request, one that belongs to the protocol maybe.
#[derive(Clone, Debug)]
pub struct WithHeader<T> {
    /// What carries the requests.
    pub inner: T,
    /// The name and the value.
    pub header: (&'static str, &'static str),
}

impl<T: Service<Request<Body>>> Service<Request<Body>> for WithHeader<T> {
    type Response = T::Response;
    type Error = T::Error;
    type Future = T::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), T::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> T::Future {
        let (name, value) = self.header;
        let headers = request.headers_mut();
        headers.insert(name, http::HeaderValue::from_static(value));
        self.inner.call(request)
    }
}

/// A client for each way to reach the notes, with its name; the server ends when it is dropped.
pub async fn over(notes: &MyNotes) -> (Server, Vec<(&'static str, NotesClient<AnyTransport>)>) {
    over_with(notes, ServerOptions::new()).await
}

/// The same, with options of the service.
pub async fn over_with(
    notes: &MyNotes,
    options: ServerOptions,
) -> (Server, Vec<(&'static str, NotesClient<AnyTransport>)>) {
    let (server, transports) = transports(notes, options).await;
    let clients = transports
        .into_iter()
        .map(|(name, transport, protocol)| {
            let client = Client::new(transport).protocol(protocol);
            (name, NotesClient::from(client))
        })
        .collect();
    (server, clients)
}

/// The same, with a header that every request has.
pub async fn over_with_header(
    notes: &MyNotes,
    options: ServerOptions,
    header: (&'static str, &'static str),
) -> (
    Server,
    Vec<(&'static str, NotesClient<WithHeader<AnyTransport>>)>,
) {
    let (server, transports) = transports(notes, options).await;
    let clients = transports
        .into_iter()
        .map(|(name, inner, protocol)| {
            let client = Client::new(WithHeader { inner, header }).protocol(protocol);
            (name, NotesClient::from(client))
        })
        .collect();
    (server, clients)
}

/// A client for each way to reach a router, with its name; the server ends when it is dropped.
pub async fn over_router(router: Router) -> (Server, Vec<(&'static str, Client<AnyTransport>)>) {
    let server = Server::serve(router.clone()).await;
    let clients = transports_to(&server, &AnyTransport::Router(Box::new(router)))
        .into_iter()
        .map(|(name, transport, protocol)| (name, Client::new(transport).protocol(protocol)))
        .collect();
    (server, clients)
}

type Transports = [(&'static str, AnyTransport, Protocol); 8];

async fn transports(notes: &MyNotes, options: ServerOptions) -> (Server, Transports) {
    let service = NotesServer::new(notes.clone()).with_options(options);
    let server = Server::serve(Router::new().add_service(service.clone())).await;
    let transports = transports_to(&server, &AnyTransport::InProcess(service));
    (server, transports)
}

fn transports_to(server: &Server, in_process: &AnyTransport) -> Transports {
    let in_process = || in_process.clone();
    let http1 = || AnyTransport::Channel(Box::new(server.channel(false)));
    let http2 = || AnyTransport::Channel(Box::new(server.channel(true)));
    [
        ("in process", in_process(), Protocol::GrpcWeb),
        ("text in process", in_process(), Protocol::GrpcWebText),
        ("gRPC in process", in_process(), Protocol::Grpc),
        ("HTTP/1.1", http1(), Protocol::GrpcWeb),
        ("text over HTTP/1.1", http1(), Protocol::GrpcWebText),
        ("HTTP/2", http2(), Protocol::GrpcWeb),
        ("text over HTTP/2", http2(), Protocol::GrpcWebText),
        ("gRPC", http2(), Protocol::Grpc),
    ]
}
