use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Request;
use tower_service::Service;

use super::ResponseFuture;
use super::options::ServerOptions;
use super::service::{RpcService, foreign, handle_in_router, split_path};
use super::settings::{RouterSettings, ServiceSettings};
use crate::Body;
use crate::body::HttpBody;

/// Several services under one roof, each at the paths `/{service}/{method}`.
///
/// A [`tower_service::Service`] for any body: give it to `serve`, to hyper, or turn it
/// into an axum router with `into_axum_router`. A path that names none of
/// its services is answered with the status `UNIMPLEMENTED` where the client speaks gRPC or gRPC-Web,
/// and with HTTP 404 otherwise.
///
/// ```
/// use grpcweb_runtime::{Request, Response, Router, Status, Streaming};
/// use hello_world::greeter_server::{Greeter, GreeterServer};
/// use hello_world::{HelloReply, HelloRequest};
///
/// struct MyGreeter;
///
/// impl Greeter for MyGreeter {
///     async fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
///         let message = format!("Hello, {}!", request.get_ref().name);
///         Ok(Response::new(HelloReply { message }))
///     }
/// #   async fn say_hello_slowly(&self, _: Request<HelloRequest>) -> Result<Response<Streaming<HelloReply>>, Status> {
/// #       Err(Status::unimplemented(""))
/// #   }
/// }
///
/// let router = Router::new().add_service(GreeterServer::new(MyGreeter));
/// # let _ = router;
/// ```
#[derive(Clone, Default)]
pub struct Router {
    services: Arc<HashMap<&'static str, Mounted>>,
    settings: RouterSettings,
}

/// A service, and what holds for it here.
#[derive(Clone)]
struct Mounted {
    service: Arc<dyn RpcService>,
    settings: Arc<ServiceSettings>,
}

impl Mounted {
    fn new(service: Arc<dyn RpcService>, router: &RouterSettings) -> Self {
        let settings = Arc::new(service.settings().in_router(router));
        Self { service, settings }
    }
}

impl Router {
    /// A router without services.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a service.
    ///
    /// # Panics
    ///
    /// Where the router has the same service already: one of the two would never be called.
    #[must_use]
    #[track_caller]
    #[expect(
        clippy::panic,
        reason = "a mistake in the program, found when it starts"
    )]
    pub fn add_service(mut self, service: impl RpcService) -> Self {
        let name = service.descriptor().name;
        match Arc::make_mut(&mut self.services).entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(Mounted::new(Arc::new(service), &self.settings));
            }
            Entry::Occupied(_) => panic!("the service {name} was added to the router twice"),
        }
        self
    }

    /// Sets what all services are allowed, those too that are there already. What a service sets for
    /// itself goes before it.
    #[must_use]
    pub fn with_options(mut self, options: ServerOptions) -> Self {
        self.settings = RouterSettings::new(options);
        for mounted in Arc::make_mut(&mut self.services).values_mut() {
            *mounted = Mounted::new(Arc::clone(&mounted.service), &self.settings);
        }
        self
    }

    /// An axum router with one route for each service and no fallback, to be merged with the routes
    /// of an application.
    ///
    /// ```
    /// use axum::routing::get;
    /// # let rpc = grpcweb_runtime::Router::new();
    ///
    /// let app: axum::Router = axum::Router::new()
    ///     .route("/", get(|| async { "a page" }))
    ///     .merge(rpc.into_axum_router());
    /// ```
    #[cfg(feature = "axum")]
    pub fn into_axum_router<S: Clone + Send + Sync + 'static>(self) -> axum::Router<S> {
        let mut names: Vec<_> = self.services.keys().copied().collect();
        names.sort_unstable();
        names.into_iter().fold(axum::Router::new(), |app, name| {
            app.route_service(&format!("/{name}/{{*method}}"), self.clone())
        })
    }
}

impl<B: HttpBody> Service<Request<B>> for Router {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        let request = request.map(Body::new);
        let service =
            split_path(request.uri().path()).and_then(|(name, _)| self.services.get(name));
        match service {
            Some(Mounted { service, settings }) => {
                handle_in_router(service.as_ref(), settings, request)
            }
            None => foreign(request),
        }
    }
}

/// Shows the names of the services.
impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Router")
            .field(&self.services.keys())
            .finish()
    }
}
