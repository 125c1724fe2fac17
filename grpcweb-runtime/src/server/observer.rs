//! Code of the user's that watches calls, and cannot change them.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::{Extensions, HeaderMap, Request};

use super::client_ip;
use crate::connection;
use crate::{Body, Code, MethodDescriptor, Protocol, ServiceDescriptor, Status};

/// Watches the calls of a server: told of each that begins, it returns what is told of the rest.
///
/// A call is a request to a path of a service, in a protocol that is spoken here. What is turned away before,
/// with HTTP 405 or 415, because gRPC came over HTTP/1.1, or because its messages are not protobuf, is none.
///
/// Given to [`ServerOptions::observer`](crate::ServerOptions::observer), for all services, for one or for a
/// method. There may be several. None can fail a call: a panic of one is caught, and goes to the panic hook.
///
/// ```
/// use grpcweb_runtime::ServerOptions;
/// use grpcweb_runtime::server::{CallObserver, Observer, Outcome, StartedCall};
///
/// struct Log;
///
/// impl Observer for Log {
///     fn started(&self, call: &StartedCall<'_>) -> Box<dyn CallObserver> {
///         Box::new(LogCall(call.path().to_owned()))
///     }
/// }
///
/// struct LogCall(String);
///
/// impl CallObserver for LogCall {
///     fn finished(&self, outcome: &Outcome) {
///         println!(
///             "{} {:?} after {:?}, {:?}: {} messages in, {} out",
///             self.0,
///             outcome.code(),
///             outcome.duration,
///             outcome.ending,
///             outcome.received.messages,
///             outcome.sent.messages,
///         );
///     }
/// }
///
/// let options = ServerOptions::new().observer(Log);
/// # let _ = options;
/// ```
pub trait Observer: Send + Sync + 'static {
    /// A call has begun: its head is there, nothing else of it. That it is refused, by a limit or by an
    /// interceptor, is one way in which it may end.
    fn started(&self, call: &StartedCall<'_>) -> Box<dyn CallObserver>;
}

/// One that its owner keeps a hand on, or that several options have in common.
impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn started(&self, call: &StartedCall<'_>) -> Box<dyn CallObserver> {
        (**self).started(call)
    }
}

/// Watches one call: see [`Observer`].
pub trait CallObserver: Send + Sync + 'static {
    /// A message was received, or encoded for the client. Its length is that of its encoding, in bytes,
    /// uncompressed. May be called while [`within`](Self::within) runs, and never after
    /// [`finished`](Self::finished).
    fn message(&self, direction: Direction, len: usize) {
        let _ = (direction, len);
    }

    /// Runs `poll`, which runs code of the call: interceptors, the handler, its stream. For what has to be
    /// entered around it, as a span of `tracing` has. `poll` is to be called once.
    fn within(&self, poll: &mut dyn FnMut()) {
        poll();
    }

    /// The call is over: its last byte was handed to the transport, or nobody wants it any more. Called
    /// exactly once.
    fn finished(&self, outcome: &Outcome);
}

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the client.
    Received,
    /// To the client.
    Sent,
}

/// A call that has begun, as its request tells.
pub struct StartedCall<'a> {
    pub(super) service: &'static ServiceDescriptor,
    pub(super) method: Option<&'static MethodDescriptor>,
    pub(super) protocol: Protocol,
    pub(super) request: &'a Request<Body>,
}

impl<'a> StartedCall<'a> {
    /// What the `.proto` file says about the service.
    #[must_use]
    pub fn service(&self) -> &'static ServiceDescriptor {
        self.service
    }

    /// What the `.proto` file says about the method; `None` where the service has no such method. The
    /// call ends with `UNIMPLEMENTED` then.
    #[must_use]
    pub fn method(&self) -> Option<&'static MethodDescriptor> {
        self.method
    }

    /// The path of the request, as in `/helloworld.Greeter/SayHello`. What follows the name of the service
    /// is the client's word: to count by it, take that of the [`method`](Self::method).
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.request.uri().path()
    }

    /// The protocol that the client speaks.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The headers of the request.
    #[must_use]
    pub fn headers(&self) -> &'a HeaderMap {
        self.request.headers()
    }

    /// The extensions of the request: what the server and the layers before it put there.
    #[must_use]
    pub fn extensions(&self) -> &'a Extensions {
        self.request.extensions()
    }

    /// Where the call comes from: see [`Request::remote_addr`](crate::Request::remote_addr).
    #[must_use]
    pub fn remote_addr(&self) -> Option<SocketAddr> {
        connection::remote_addr(self.request.extensions())
    }

    /// The address of the client, which may be behind proxies: see
    /// [`Request::client_ip`](crate::Request::client_ip).
    #[must_use]
    pub fn client_ip(&self) -> Option<IpAddr> {
        client_ip(self.request.extensions())
    }
}

impl fmt::Debug for StartedCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartedCall")
            .field("path", &self.path())
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}

/// How a call ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Outcome {
    /// What the server ended it with, be it that the client did not see it.
    pub result: Result<(), Status>,
    /// What ended it.
    pub ending: Ending,
    /// From the head of the request to the end. Over HTTP/1.1 the end comes after what a handler left of the
    /// request, which is read for five seconds at most.
    pub duration: Duration,
    /// What the client sent and the handler took.
    pub received: Traffic,
    /// What was encoded for the client.
    pub sent: Traffic,
}

impl Outcome {
    /// The code that the call ended with: [`Code::Cancelled`] where the client left before there was another.
    #[must_use]
    pub fn code(&self) -> Code {
        self.result
            .as_ref()
            .map_or_else(Status::code, |()| Code::Ok)
    }
}

/// What ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// Its answer, good or bad, was handed to the transport as a whole.
    Complete,
    /// The client went away, or gave up the call.
    ClientGone,
    /// Its deadline passed.
    DeadlineExceeded,
    /// Its code panicked.
    Panicked,
    /// The server shut down, or its connection reached its greatest age, and there was no more time for it.
    Shutdown,
}

/// The messages of one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// How many there were.
    pub messages: u64,
    /// The sum of their lengths, in bytes, uncompressed.
    pub bytes: u64,
}

/// The observers of a call.
#[derive(Clone, Default)]
pub(super) struct Observers(Vec<Arc<dyn Observer>>);

impl Observers {
    pub(super) fn push(&mut self, observer: impl Observer) {
        self.0.push(Arc::new(observer));
    }

    /// These, after those of what is around.
    pub(super) fn after(&self, outer: &Self) -> Self {
        Self(outer.0.iter().chain(&self.0).cloned().collect())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &dyn Observer> {
        self.0.iter().map(|observer| &**observer)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Observers({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    static SERVICE: ServiceDescriptor = ServiceDescriptor::new("a.B", &[]);

    #[derive(Default)]
    struct Count(AtomicU32);

    impl Observer for Count {
        fn started(&self, _: &StartedCall<'_>) -> Box<dyn CallObserver> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Box::new(Nothing)
        }
    }

    struct Nothing;

    impl CallObserver for Nothing {
        fn finished(&self, _: &Outcome) {}
    }

    #[test]
    fn one_that_is_shared_sees_all_calls() {
        let count = Arc::new(Count::default());
        let mut observers = Observers::default();
        observers.push(Arc::clone(&count));
        observers.push(Arc::clone(&count) as Arc<dyn Observer>);
        let call = StartedCall {
            service: &SERVICE,
            method: None,
            protocol: Protocol::GrpcWeb,
            request: &Request::new(Body::empty()),
        };
        for observer in observers.iter() {
            observer.started(&call);
        }
        assert_eq!(count.0.load(Ordering::Relaxed), 2);
    }
}
