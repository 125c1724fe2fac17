//! Code of the user's that sees the calls of a client.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::attempt::respond;
use super::broken;
use super::transport::Transport;
use crate::{Body, MetadataMap, MethodDescriptor, Status};

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Sees every attempt of a call: before it is sent, when its response begins, and when it has ended.
///
/// It may wait, change the metadata, send the call or refuse it. Given to
/// [`Client::with_interceptor`](super::Client::with_interceptor). What is below it are the layers of the
/// transport.
///
/// ```
/// use grpcweb_runtime::Status;
/// use grpcweb_runtime::client::{Answered, Interceptor, Next, Outgoing};
///
/// struct Token;
///
/// async fn fetch_token() -> Result<String, Status> {
///     Ok("abc".to_owned())
/// }
///
/// impl Interceptor for Token {
///     async fn intercept(&self, mut call: Outgoing, next: Next) -> Result<Answered, Status> {
///         let token = format!("Bearer {}", fetch_token().await?);
///         call.metadata_mut().insert("authorization", &token)?;
///         let path = call.method().path;
///         let answered = next.run(call).await?;
///         Ok(answered.when_ended(move |outcome| println!("{path}: {outcome:?}")))
///     }
/// }
/// ```
pub trait Interceptor: Send + Sync + 'static {
    /// Sends a call by giving it to `next`, or refuses it with a status.
    fn intercept(
        &self,
        call: Outgoing,
        next: Next,
    ) -> impl Future<Output = Result<Answered, Status>> + Send;
}

/// A call that has not been sent.
#[derive(Debug)]
pub struct Outgoing {
    method: &'static MethodDescriptor,
    metadata: MetadataMap,
    request: Request<Body>,
}

impl Outgoing {
    /// What the `.proto` file says about the method.
    #[must_use]
    pub fn method(&self) -> &'static MethodDescriptor {
        self.method
    }

    /// The metadata of the request.
    #[must_use]
    pub fn metadata(&self) -> &MetadataMap {
        &self.metadata
    }

    /// The metadata of the request, to be changed.
    pub fn metadata_mut(&mut self) -> &mut MetadataMap {
        &mut self.metadata
    }

    /// The extensions of the request, which the caller may have put something into.
    #[must_use]
    pub fn extensions(&self) -> &http::Extensions {
        self.request.extensions()
    }
}

type Exchange = BoxFuture<Result<Response<Body>, Status>>;

/// What comes after an interceptor: the next one, or the transport.
pub struct Next(Box<dyn FnOnce(Request<Body>) -> Exchange + Send>);

impl Next {
    /// Sends a call.
    ///
    /// # Errors
    ///
    /// Where there is no response. A response that says that the call failed is none here: see
    /// [`Answered::when_ended`].
    pub async fn run(self, call: Outgoing) -> Result<Answered, Status> {
        let Outgoing {
            metadata,
            mut request,
            ..
        } = call;
        *request.headers_mut() = metadata.into_headers();
        let (head, body) = (self.0)(request).await?.into_parts();
        Ok(Answered {
            metadata: MetadataMap::from_headers(head.headers.clone()),
            response: Response::from_parts(head, body),
        })
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Next(..)")
    }
}

/// A response that has begun.
#[derive(Debug)]
pub struct Answered {
    metadata: MetadataMap,
    response: Response<Body>,
}

impl Answered {
    /// The initial metadata.
    #[must_use]
    pub fn metadata(&self) -> &MetadataMap {
        &self.metadata
    }

    /// Calls `ended` once with how the call ends: its trailing metadata, or its status. That of a call
    /// whose caller lost interest is `CANCELLED`.
    #[must_use]
    pub fn when_ended(
        mut self,
        ended: impl FnOnce(Result<&MetadataMap, &Status>) + Send + 'static,
    ) -> Self {
        let extensions = self.response.extensions_mut();
        let hooks: &mut Hooks = extensions.get_or_insert_default();
        hooks.push(Box::new(ended));
        self
    }
}

type Hook = Box<dyn FnOnce(Result<&MetadataMap, &Status>) + Send>;

/// What is to be called at the end of a call. In the extensions of a response, which have to be cloneable
/// and shareable; a response is cloned by nobody here.
#[derive(Clone, Default)]
pub(crate) struct Hooks(Arc<Waiting>);

/// What has not been called, and is at the latest when nobody is left to tell of an end.
#[derive(Default)]
struct Waiting(Mutex<Vec<Hook>>);

impl Waiting {
    fn end(&self, outcome: Result<&MetadataMap, &Status>) {
        let hooks = std::mem::take(&mut *self.lock());
        for hook in hooks {
            hook(outcome);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Hook>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.end(Err(&Status::cancelled(
            "the caller dropped the call before its end",
        )));
    }
}

impl Hooks {
    fn push(&self, hook: Hook) {
        self.0.lock().push(hook);
    }

    /// Calls each, the first time it is told of an end.
    pub(crate) fn end(&self, outcome: Result<&MetadataMap, &Status>) {
        self.0.end(outcome);
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hooks(..)")
    }
}

/// A transport behind an interceptor.
#[derive(Clone)]
pub struct Intercepted<T> {
    transport: T,
    interceptor: Arc<dyn DynInterceptor>,
}

impl<T> Intercepted<T> {
    pub(super) fn new(transport: T, interceptor: impl Interceptor) -> Self {
        Self {
            transport,
            interceptor: Arc::new(interceptor),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Intercepted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Intercepted").field(&self.transport).finish()
    }
}

trait DynInterceptor: Send + Sync {
    fn intercept(
        self: Arc<Self>,
        call: Outgoing,
        next: Next,
    ) -> BoxFuture<Result<Answered, Status>>;
}

impl<I: Interceptor> DynInterceptor for I {
    fn intercept(
        self: Arc<Self>,
        call: Outgoing,
        next: Next,
    ) -> BoxFuture<Result<Answered, Status>> {
        Box::pin(async move { Interceptor::intercept(&*self, call, next).await })
    }
}

impl<T> Service<Request<Body>> for Intercepted<T>
where
    T: Transport<Future: Send> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = Status;
    type Future = BoxFuture<Result<Response<Body>, Status>>;

    /// Always: the interceptor may take its time before it needs the transport.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let Some(&method) = request.extensions().get::<&'static MethodDescriptor>() else {
            let status = Status::internal("an interceptor was given a request that no client made");
            return Box::pin(std::future::ready(Err(status)));
        };
        let headers = std::mem::take(request.headers_mut());
        let call = Outgoing {
            method,
            metadata: MetadataMap::from_headers(headers),
            request,
        };
        let mut transport = self.transport.clone();
        let next = Next(Box::new(|request| {
            Box::pin(async move {
                let sent = respond(&mut transport, request).await;
                sent.map_err(|error| broken::status_of(None, error))
            })
        }));
        let answered = Arc::clone(&self.interceptor).intercept(call, next);
        Box::pin(async { Ok(answered.await?.response) })
    }
}
