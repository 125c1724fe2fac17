/// What a `.proto` file says about a service. Generated code has one for each, as a static.
#[derive(Debug)]
#[non_exhaustive]
pub struct ServiceDescriptor {
    /// The full name, as in `helloworld.Greeter`.
    pub name: &'static str,
    /// The methods, in the order of the file.
    pub methods: &'static [MethodDescriptor],
}

impl ServiceDescriptor {
    /// For generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(name: &'static str, methods: &'static [MethodDescriptor]) -> Self {
        Self { name, methods }
    }

    /// The method of this name, as in the `.proto` file.
    pub(crate) fn method(&self, name: &str) -> Option<&'static MethodDescriptor> {
        self.methods.iter().find(|method| {
            let own = method.path.rsplit_once('/');
            own.is_some_and(|(_, own)| own == name)
        })
    }
}

/// What a `.proto` file says about a method.
#[derive(Debug)]
#[non_exhaustive]
pub struct MethodDescriptor {
    /// The path on the wire, as in `/helloworld.Greeter/SayHello`.
    pub path: &'static str,
    /// On which sides messages stream.
    pub kind: MethodKind,
    /// Whether a call may be made more than once.
    pub idempotency: Idempotency,
    /// Whether the method is marked as deprecated.
    pub deprecated: bool,
}

impl MethodDescriptor {
    /// For generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(path: &'static str, kind: MethodKind) -> Self {
        Self {
            path,
            kind,
            idempotency: Idempotency::Unknown,
            deprecated: false,
        }
    }

    /// For generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_idempotency(mut self, idempotency: Idempotency) -> Self {
        self.idempotency = idempotency;
        self
    }

    /// For generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn as_deprecated(mut self) -> Self {
        self.deprecated = true;
        self
    }
}

/// Whether a call may be made more than once: the option `idempotency_level` of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Idempotency {
    /// The file does not say.
    Unknown,
    /// A call changes nothing.
    NoSideEffects,
    /// A call that is made again changes nothing more.
    Idempotent,
}

/// On which sides of a method messages stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MethodKind {
    /// One request, one response.
    Unary,
    /// One request, a stream of responses.
    ServerStreaming,
    /// A stream of requests, one response.
    ClientStreaming,
    /// A stream of requests, a stream of responses.
    BidiStreaming,
}
