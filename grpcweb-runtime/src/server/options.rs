use std::collections::BTreeMap;
use std::time::Duration;

use super::interceptor::{Interceptor, Interceptors};
use super::observer::{Observer, Observers};
use crate::limits::Limits;
use crate::wire::compression::Encodings;
use crate::{CompressionEncoding, Protocol};

/// What a server allows a call, and how it answers: for all its services
/// ([`Router::with_options`](crate::Router::with_options)), for one (`with_options` of a generated
/// server), or for one method ([`method`](Self::method)).
///
/// What is not set for a method is as for its service; what is not set there is as for the router.
/// Interceptors and observers add up.
///
/// ```
/// use std::time::Duration;
/// use grpcweb_runtime::ServerOptions;
///
/// let options = ServerOptions::new()
///     .timeout(Duration::from_secs(10))
///     .method("Upload", ServerOptions::new()
///         .max_decoding_message_size(64 * 1024 * 1024)
///         .timeout(Duration::from_secs(300)));
/// # let _ = options;
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct ServerOptions {
    protocols: Option<Vec<Protocol>>,
    max_decoding_message_size: Option<usize>,
    max_encoding_message_size: Option<usize>,
    max_request_size: Option<u64>,
    max_trailers_size: Option<usize>,
    receive_timeout: Option<Duration>,
    timeout: Option<Option<Duration>>,
    max_timeout: Option<Duration>,
    max_concurrent_calls: Option<usize>,
    accept_compressed: Option<Encodings>,
    send_compressed: Option<Encodings>,
    compress_above: Option<usize>,
    #[cfg(feature = "gzip")]
    content_encoding: Option<bool>,
    interceptors: Interceptors,
    observers: Observers,
    methods: BTreeMap<String, ServerOptions>,
}

impl ServerOptions {
    /// Options with nothing set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Speaks these protocols and no others: a call in another one is answered with `UNIMPLEMENTED`. Unless
    /// set, all are spoken.
    ///
    /// ```
    /// use grpcweb_runtime::{Protocol, ServerOptions};
    ///
    /// let for_other_servers = ServerOptions::new().protocols([Protocol::Grpc]);
    /// # let _ = for_other_servers;
    /// ```
    pub fn protocols(mut self, protocols: impl IntoIterator<Item = Protocol>) -> Self {
        self.protocols = Some(protocols.into_iter().collect());
        self
    }

    /// The most bytes of a message received, before and after it is decompressed: 4 MiB unless set. A
    /// larger one fails the call with `RESOURCE_EXHAUSTED` before memory is taken for it.
    pub fn max_decoding_message_size(mut self, bytes: usize) -> Self {
        self.max_decoding_message_size = Some(bytes);
        self
    }

    /// The most bytes of a message sent: 4 GiB unless set, the most that a frame can hold. A larger one
    /// fails the call with `RESOURCE_EXHAUSTED`.
    pub fn max_encoding_message_size(mut self, bytes: usize) -> Self {
        self.max_encoding_message_size = Some(Limits::frame(bytes));
        self
    }

    /// The most bytes of the body of a request, all its messages together. Unless set there is none:
    /// a stream may go on, and what is held of it is one message. A longer request fails with
    /// `RESOURCE_EXHAUSTED`.
    pub fn max_request_size(mut self, bytes: u64) -> Self {
        self.max_request_size = Some(bytes);
        self
    }

    /// The most bytes of the trailers of a response, names and values: 64 KiB unless set. Longer ones
    /// are not sent: a call that went well ends with `RESOURCE_EXHAUSTED`, one that failed keeps its
    /// code and message and loses details and metadata, which the message then says.
    pub fn max_trailers_size(mut self, bytes: usize) -> Self {
        self.max_trailers_size = Some(bytes);
        self
    }

    /// How long a message may take to arrive: 60 seconds unless set. Counted from its first byte, or,
    /// for a method that takes one message, from the beginning of the call to the end of the request. A
    /// slower sender gets `DEADLINE_EXCEEDED`. A stream may pause between messages for as long as it
    /// likes.
    pub fn receive_timeout(mut self, timeout: Duration) -> Self {
        self.receive_timeout = Some(timeout);
        self
    }

    /// How long a call may take that has no `grpc-timeout`, from its beginning to the last byte of the
    /// response. As long as it likes with `None`, and unless set.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = Some(timeout.into());
        self
    }

    /// The longest `grpc-timeout` that is granted; a longer one is cut to it. It is no timeout for a call
    /// that has none: see [`timeout`](Self::timeout).
    pub fn max_timeout(mut self, timeout: Duration) -> Self {
        self.max_timeout = Some(timeout);
        self
    }

    /// How many calls may run at once. The next one is answered with `RESOURCE_EXHAUSTED` at once. A call
    /// runs until its answer is there; one that answers with a stream, to the end of that.
    ///
    /// Counted where it is set: for a method, for a service, for a router. A call has to find room in each.
    /// Unless set, a router takes 10,000, and so does a service without one.
    pub fn max_concurrent_calls(mut self, calls: usize) -> Self {
        self.max_concurrent_calls = Some(calls);
        self
    }

    /// Accepts request messages that are compressed in this encoding. Called more than once, it accepts
    /// each. Unless set, none is accepted.
    pub fn accept_compressed(mut self, encoding: CompressionEncoding) -> Self {
        let accepted = self.accept_compressed.get_or_insert_default();
        accepted.push(encoding);
        self
    }

    /// Compresses response messages in this encoding for clients that say they accept it
    /// (`grpc-accept-encoding`). Called more than once, the first that the client accepts is taken. Unless
    /// set, nothing is compressed. No browser asks for it: see also `content_encoding`.
    pub fn send_compressed(mut self, encoding: CompressionEncoding) -> Self {
        let offered = self.send_compressed.get_or_insert_default();
        offered.push(encoding);
        self
    }

    /// Compresses nothing, be it for one method of a service that does: its messages are random bytes, or
    /// secrets beside what an attacker chose.
    pub fn send_uncompressed(mut self) -> Self {
        self.send_compressed = Some(Encodings::default());
        #[cfg(feature = "gzip")]
        {
            self.content_encoding = Some(false);
        }
        self
    }

    /// Leaves messages of up to this many bytes uncompressed: 1 KiB unless set.
    pub fn compress_above(mut self, bytes: usize) -> Self {
        self.compress_above = Some(bytes);
        self
    }

    /// Compresses the whole body of gRPC-Web responses with gzip (HTTP `content-encoding`), where the
    /// client takes that (`accept-encoding`, as every browser does) and messages are not compressed
    /// already. Off unless set.
    #[cfg(feature = "gzip")]
    pub fn content_encoding(mut self, on: bool) -> Self {
        self.content_encoding = Some(on);
        self
    }

    /// Lets an interceptor see the calls before their handlers do. Called more than once, each sees them,
    /// in this order; those of a router come first, then those of the service, then those of the method.
    pub fn interceptor(mut self, interceptor: impl Interceptor) -> Self {
        self.interceptors.push(interceptor);
        self
    }

    /// Tells an observer of the calls, those too that are refused. Called more than once, it tells each;
    /// those of a router, of a service and of a method add up.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.push(observer);
        self
    }

    /// Options of one method, by its name in the `.proto` file.
    pub fn method(mut self, name: impl Into<String>, options: Self) -> Self {
        self.methods.insert(name.into(), options);
        self
    }

    /// What was set for methods, by their names.
    pub(super) fn methods(&self) -> &BTreeMap<String, Self> {
        &self.methods
    }

    pub(super) fn concurrency(&self) -> Option<usize> {
        self.max_concurrent_calls
    }

    /// These options, with those of `outer` where nothing is set, and after what adds up.
    pub(super) fn or(&self, outer: &Self) -> Self {
        Self {
            protocols: self.protocols.clone().or_else(|| outer.protocols.clone()),
            max_decoding_message_size: self
                .max_decoding_message_size
                .or(outer.max_decoding_message_size),
            max_encoding_message_size: self
                .max_encoding_message_size
                .or(outer.max_encoding_message_size),
            max_request_size: self.max_request_size.or(outer.max_request_size),
            max_trailers_size: self.max_trailers_size.or(outer.max_trailers_size),
            receive_timeout: self.receive_timeout.or(outer.receive_timeout),
            timeout: self.timeout.or(outer.timeout),
            max_timeout: self.max_timeout.or(outer.max_timeout),
            max_concurrent_calls: self.max_concurrent_calls.or(outer.max_concurrent_calls),
            accept_compressed: self
                .accept_compressed
                .clone()
                .or_else(|| outer.accept_compressed.clone()),
            send_compressed: self
                .send_compressed
                .clone()
                .or_else(|| outer.send_compressed.clone()),
            compress_above: self.compress_above.or(outer.compress_above),
            #[cfg(feature = "gzip")]
            content_encoding: self.content_encoding.or(outer.content_encoding),
            interceptors: self.interceptors.after(&outer.interceptors),
            observers: self.observers.after(&outer.observers),
            methods: BTreeMap::new(),
        }
    }

    /// These options, in the place of which `earlier` ones were set before.
    pub(crate) fn after(&self, earlier: &Self) -> Self {
        let mut methods = earlier.methods.clone();
        for (name, options) in &self.methods {
            let of_method = methods.entry(name.clone()).or_default();
            *of_method = options.after(of_method);
        }
        Self {
            methods,
            ..self.or(earlier)
        }
    }

    /// What holds, with the defaults where nothing is set.
    pub(super) fn resolve(&self) -> Resolved {
        const DEFAULT: Limits = Limits::DEFAULT;
        Resolved {
            protocols: self.protocols.clone(),
            limits: Limits {
                decoding: self.max_decoding_message_size.unwrap_or(DEFAULT.decoding),
                encoding: self.max_encoding_message_size.unwrap_or(DEFAULT.encoding),
                trailers: self.max_trailers_size.unwrap_or(DEFAULT.trailers),
                body: self.max_request_size.unwrap_or(DEFAULT.body),
            },
            receive_timeout: self.receive_timeout.unwrap_or(Duration::from_secs(60)),
            timeout: self.timeout.flatten(),
            max_timeout: self.max_timeout,
            accept_compressed: self.accept_compressed.clone().unwrap_or_default(),
            send_compressed: self.send_compressed.clone().unwrap_or_default(),
            compress_above: self.compress_above.unwrap_or(1024),
            #[cfg(feature = "gzip")]
            content_encoding: self.content_encoding.unwrap_or(false),
            interceptors: self.interceptors.clone(),
            observers: self.observers.clone(),
        }
    }
}

/// What holds for a call.
#[derive(Debug)]
pub(super) struct Resolved {
    protocols: Option<Vec<Protocol>>,
    pub(super) limits: Limits,
    pub(super) receive_timeout: Duration,
    pub(super) timeout: Option<Duration>,
    pub(super) max_timeout: Option<Duration>,
    pub(super) accept_compressed: Encodings,
    pub(super) send_compressed: Encodings,
    pub(super) compress_above: usize,
    #[cfg(feature = "gzip")]
    pub(super) content_encoding: bool,
    pub(super) interceptors: Interceptors,
    pub(super) observers: Observers,
}

impl Resolved {
    pub(super) fn speaks(&self, protocol: Protocol) -> bool {
        let spoken = self.protocols.as_ref();
        spoken.is_none_or(|spoken| spoken.contains(&protocol))
    }
}
