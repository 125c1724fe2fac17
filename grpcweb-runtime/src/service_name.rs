use crate::ServiceDescriptor;
use crate::server::RpcService;

/// What names a service: its descriptor, as in `&GREETER_SERVICE`, its server, or its full name, as in
/// `"helloworld.Greeter"`. The first two cannot be misspelled.
pub trait ServiceName: sealed::Sealed {
    /// The full name.
    fn service_name(&self) -> &str;
}

impl ServiceName for &str {
    fn service_name(&self) -> &str {
        self
    }
}

impl ServiceName for String {
    fn service_name(&self) -> &str {
        self
    }
}

impl ServiceName for &String {
    fn service_name(&self) -> &str {
        self
    }
}

impl ServiceName for &ServiceDescriptor {
    fn service_name(&self) -> &str {
        self.name
    }
}

impl<S: RpcService> ServiceName for &S {
    fn service_name(&self) -> &str {
        self.descriptor().name
    }
}

mod sealed {
    use super::{RpcService, ServiceDescriptor};

    pub trait Sealed {}

    impl Sealed for &str {}
    impl Sealed for String {}
    impl Sealed for &String {}
    impl Sealed for &ServiceDescriptor {}
    impl<S: RpcService> Sealed for &S {}
}
