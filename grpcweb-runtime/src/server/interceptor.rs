//! Code of the user's that sees calls before the handler does.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::{MethodDescriptor, Request, Status};

/// Sees the calls of a server before a message is read, and lets them pass or refuses them.
///
/// It may wait, change the metadata, and put something into the extensions, where the handler finds it.
/// The deadline of the call holds for it, and a panic fails only the call.
/// Given to [`ServerOptions::interceptor`](crate::ServerOptions::interceptor), for all services, for one or
/// for a method. A path that names no method never gets here.
///
/// ```
/// use grpcweb_runtime::server::Interceptor;
/// use grpcweb_runtime::{MethodDescriptor, Request, ServerOptions, Status};
///
/// #[derive(Clone)]
/// struct User(String);
///
/// struct Tokens;
///
/// impl Tokens {
///     async fn user(&self, token: &str) -> Option<User> {
///         (token == "Bearer abc").then(|| User("alice".to_owned()))
///     }
/// }
///
/// impl Interceptor for Tokens {
///     async fn intercept(
///         &self,
///         method: &'static MethodDescriptor,
///         request: &mut Request<()>,
///     ) -> Result<(), Status> {
///         if method.path == "/users.Users/LogIn" {
///             return Ok(());
///         }
///         let token = request.metadata().get("authorization").unwrap_or_default();
///         let user = self.user(token).await;
///         let user = user.ok_or_else(|| Status::unauthenticated("log in first"))?;
///         request.extensions_mut().insert(user);
///         Ok(())
///     }
/// }
///
/// let options = ServerOptions::new().interceptor(Tokens);
/// # let _ = options;
/// ```
///
/// What need not wait can be a closure:
///
/// ```
/// use grpcweb_runtime::{MethodDescriptor, Request, ServerOptions, Status};
///
/// fn no_bots(_: &'static MethodDescriptor, request: &mut Request<()>) -> Result<(), Status> {
///     match request.metadata().get("user-agent") {
///         Some(agent) if agent.contains("bot") => Err(Status::permission_denied("no bots")),
///         _ => Ok(()),
///     }
/// }
///
/// let options = ServerOptions::new().interceptor(no_bots);
/// # let _ = options;
/// ```
pub trait Interceptor: Send + Sync + 'static {
    /// Lets a call pass, or refuses it with a status.
    fn intercept(
        &self,
        method: &'static MethodDescriptor,
        request: &mut Request<()>,
    ) -> impl Future<Output = Result<(), Status>> + Send;
}

impl<F> Interceptor for F
where
    F: Fn(&'static MethodDescriptor, &mut Request<()>) -> Result<(), Status>
        + Send
        + Sync
        + 'static,
{
    async fn intercept(
        &self,
        method: &'static MethodDescriptor,
        request: &mut Request<()>,
    ) -> Result<(), Status> {
        self(method, request)
    }
}

/// One that its owner keeps a hand on, or that several options have in common.
impl<I: Interceptor> Interceptor for Arc<I> {
    async fn intercept(
        &self,
        method: &'static MethodDescriptor,
        request: &mut Request<()>,
    ) -> Result<(), Status> {
        (**self).intercept(method, request).await
    }
}

type Intercepting<'a> = Pin<Box<dyn Future<Output = Result<(), Status>> + Send + 'a>>;

trait DynInterceptor: Send + Sync {
    fn intercept<'a>(
        &'a self,
        method: &'static MethodDescriptor,
        request: &'a mut Request<()>,
    ) -> Intercepting<'a>;
}

impl<I: Interceptor> DynInterceptor for I {
    fn intercept<'a>(
        &'a self,
        method: &'static MethodDescriptor,
        request: &'a mut Request<()>,
    ) -> Intercepting<'a> {
        Box::pin(Interceptor::intercept(self, method, request))
    }
}

/// The interceptors of a call, in the order in which they see it.
#[derive(Clone, Default)]
pub(super) struct Interceptors(Vec<Arc<dyn DynInterceptor>>);

impl Interceptors {
    pub(super) fn push(&mut self, interceptor: impl Interceptor) {
        self.0.push(Arc::new(interceptor));
    }

    /// These, after those of what is around.
    pub(super) fn after(&self, outer: &Self) -> Self {
        Self(outer.0.iter().chain(&self.0).cloned().collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Shows a call to each, until one refuses it.
    pub(super) async fn intercept(
        &self,
        method: &'static MethodDescriptor,
        request: &mut Request<()>,
    ) -> Result<(), Status> {
        for interceptor in &self.0 {
            interceptor.intercept(method, request).await?;
        }
        Ok(())
    }
}

impl fmt::Debug for Interceptors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interceptors({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::MethodKind;

    static METHOD: MethodDescriptor = MethodDescriptor::new("/a.B/C", MethodKind::Unary);

    #[derive(Default)]
    struct Count(AtomicU32);

    impl Interceptor for Count {
        async fn intercept(
            &self,
            _: &'static MethodDescriptor,
            _: &mut Request<()>,
        ) -> Result<(), Status> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
    }

    #[tokio::test]
    async fn one_that_is_shared_sees_all_calls() {
        let count = Arc::new(Count::default());
        let mut interceptors = Interceptors::default();
        interceptors.push(Arc::clone(&count));
        interceptors.push(Arc::clone(&count));
        let passed = interceptors.intercept(&METHOD, &mut Request::new(())).await;
        passed.unwrap();
        assert_eq!(count.0.load(Ordering::Relaxed), 2);
    }
}
