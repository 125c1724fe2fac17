use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Request;
use tower_service::Service;

use super::ResponseFuture;
use super::front::InFrontOf;
use super::options::ServerOptions;
use super::service::{RpcService, foreign, handle_in_router, split_path};
use super::settings::{RouterSettings, ServiceSettings};
use crate::body::HttpBody;
#[cfg(feature = "reflection")]
use crate::reflection::Reflection;
use crate::{Body, ConnectionInfo, MethodDescriptor, ServiceDescriptor};

/// Several services under one roof, each at the paths `/{service}/{method}`.
///
/// A [`tower_service::Service`] for any body: give it to `serve` or to hyper, put it
/// [in front of](Self::in_front_of) another service, or turn it into an axum router with
/// `into_axum_router`. By itself it answers a path that names none of its services with the status
/// `UNIMPLEMENTED` where the client speaks gRPC or gRPC-Web, and with HTTP 404 otherwise.
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
    services: Arc<BTreeMap<&'static str, Mounted>>,
    /// Shared, as a router is cloned for each request.
    settings: Arc<RouterSettings>,
    has_options: bool,
    #[cfg(feature = "reflection")]
    reflection: Option<Reflection>,
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
    pub fn add_service(mut self, service: impl RpcService) -> Self {
        self.mount(Arc::new(service));
        #[cfg(feature = "reflection")]
        self.reflect();
        self
    }

    /// Adds the services of another router, with the options that they have themselves.
    ///
    /// # Panics
    ///
    /// Where both have the same service, and where the other one has options: they would be lost. Options
    /// for all services are set after merging; those for some, on the services.
    #[must_use]
    #[track_caller]
    #[expect(
        clippy::panic,
        reason = "a mistake in the program, found when it starts"
    )]
    pub fn merge(mut self, other: Self) -> Self {
        if other.has_options {
            panic!(
                "a router with options cannot be merged into another one: set the options of all \
                 services after merging, or those of some on the services"
            );
        }
        for mounted in other.services.values() {
            self.mount(Arc::clone(&mounted.service));
        }
        #[cfg(feature = "reflection")]
        {
            self.reflection = self.reflection.or(other.reflection);
            self.reflect();
        }
        self
    }

    #[track_caller]
    #[expect(
        clippy::panic,
        reason = "a mistake in the program, found when it starts"
    )]
    fn mount(&mut self, service: Arc<dyn RpcService>) {
        let name = service.descriptor().name;
        match Arc::make_mut(&mut self.services).entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(Mounted::new(service, &self.settings));
            }
            Entry::Occupied(_) => panic!("the service {name} was added to the router twice"),
        }
    }

    /// Adds `grpc.reflection.v1` and `v1alpha`. They list the services of this router that the descriptors
    /// have, those too that are added later.
    ///
    /// # Panics
    ///
    /// Where the router has reflection already.
    #[cfg(feature = "reflection")]
    #[must_use]
    #[track_caller]
    pub fn with_reflection(mut self, reflection: Reflection) -> Self {
        for service in reflection.beside(std::iter::empty()) {
            self.mount(service);
        }
        self.reflection = Some(reflection);
        self.reflect();
        self
    }

    /// Tells reflection which services there are.
    #[cfg(feature = "reflection")]
    fn reflect(&mut self) {
        let Some(reflection) = &self.reflection else {
            return;
        };
        let services = Arc::make_mut(&mut self.services);
        for service in reflection.beside(services.keys().copied()) {
            let mounted = Mounted::new(service, &self.settings);
            services.insert(mounted.service.descriptor().name, mounted);
        }
    }

    /// Sets what all services are allowed, those too that are there already. What a service sets for
    /// itself goes before it. What was set before stays where nothing else is set.
    #[must_use]
    pub fn with_options(mut self, options: ServerOptions) -> Self {
        self.settings = Arc::new(self.settings.with(&options));
        self.has_options = true;
        for mounted in Arc::make_mut(&mut self.services).values_mut() {
            *mounted = Mounted::new(Arc::clone(&mounted.service), &self.settings);
        }
        self
    }

    /// The services, by name.
    pub fn services(&self) -> impl Iterator<Item = &'static ServiceDescriptor> + use<> {
        let services: Vec<_> = self
            .services
            .values()
            .map(|mounted| mounted.service.descriptor())
            .collect();
        services.into_iter()
    }

    /// The methods of all services: what a program shows when it starts.
    ///
    /// ```
    /// # let router = grpcweb_runtime::Router::new();
    /// for method in router.methods() {
    ///     println!("{} ({:?})", method.path, method.kind);
    /// }
    /// ```
    pub fn methods(&self) -> impl Iterator<Item = &'static MethodDescriptor> + use<> {
        self.services().flat_map(|service| service.methods)
    }

    pub(super) fn has_service_at(&self, path: &str) -> bool {
        split_path(path).is_some_and(|(name, _)| self.services.contains_key(name))
    }

    /// Puts the router in front of another service, an application say, which gets every request that is
    /// no call of one of the router's services, as it came.
    ///
    /// A call is a POST of a content type of gRPC or gRPC-Web to a path of a service that is here. A method
    /// that the service does not have is answered with `UNIMPLEMENTED`. All else is for the application: a
    /// GET, a JSON post or a preflight even on such a path, and a call of a service that is not here.
    ///
    /// The body of a request passes through as it is; that of a response becomes a [`Body`], which hands
    /// on each piece as it comes. The application has to be ready before a call is taken.
    ///
    /// The router is a `tower_layer::Layer` that does the same, with the feature `layer`.
    ///
    /// ```
    /// # let rpc = grpcweb_runtime::Router::new();
    /// # let site = grpcweb_runtime::Router::new();
    /// let service = rpc.in_front_of(site);
    /// # let _ = service;
    /// ```
    pub fn in_front_of<S>(self, inner: S) -> InFrontOf<S> {
        InFrontOf::new(self, inner)
    }

    /// An axum router with one route for each service and no fallback, to be merged with the routes
    /// of an application. Where two of them have the same service, axum panics, and names the route.
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
        self.services().fold(axum::Router::new(), |app, service| {
            app.route_service(&format!("/{}/{{*method}}", service.name), self.clone())
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
        self.answer(request.map(Body::new), None)
    }
}

impl Router {
    /// Answers a request that came over a connection, where that is not said in the request.
    pub(super) fn answer(
        &self,
        request: Request<Body>,
        connection: Option<ConnectionInfo>,
    ) -> ResponseFuture {
        let service =
            split_path(request.uri().path()).and_then(|(name, _)| self.services.get(name));
        match service {
            Some(Mounted { service, settings }) => {
                handle_in_router(service.as_ref(), settings, request, connection)
            }
            None => foreign(request, connection),
        }
    }
}

/// Puts the router in front of a service: [`Router::in_front_of`].
#[cfg(feature = "layer")]
impl<S> tower_layer::Layer<S> for Router {
    type Service = InFrontOf<S>;

    fn layer(&self, inner: S) -> InFrontOf<S> {
        self.clone().in_front_of(inner)
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
