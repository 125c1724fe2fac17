/// What a `.proto` file says about a service. Generated code has one for each, as a constant.
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
}

/// What a `.proto` file says about a method.
#[derive(Debug)]
#[non_exhaustive]
pub struct MethodDescriptor {
    /// The path on the wire, as in `/helloworld.Greeter/SayHello`.
    pub path: &'static str,
    /// On which sides messages stream.
    pub kind: MethodKind,
}

impl MethodDescriptor {
    /// For generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(path: &'static str, kind: MethodKind) -> Self {
        Self { path, kind }
    }
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
