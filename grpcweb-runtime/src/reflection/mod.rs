//! Describes the services of a server to tools that call them without their `.proto` files, as grpcurl, grpcui
//! and Postman do: `grpc.reflection.v1`, and `v1alpha` for older ones.
//!
//! ```
//! use grpcweb_runtime::Router;
//! use grpcweb_runtime::reflection::Reflection;
//!
//! let reflection = Reflection::from_descriptor_set(hello_world::FILE_DESCRIPTOR_SET)?;
//! let router = Router::new().with_reflection(reflection);
//! # let _ = router;
//! # Ok::<(), grpcweb_runtime::reflection::InvalidReflection>(())
//! ```
//!
//! The constant is one that `protoc_gen_grpcweb` writes with the option `file_descriptor_set`. Whatever is in
//! the descriptors is told to everybody who may call the server: see [`ReflectionBuilder::hide`].
//!
//! Requests and answers take turns over gRPC. Over gRPC-Web, and whatever goes over HTTP/1.1, all requests have to
//! be sent before the first answer is read: no browser can do more.

mod answers;
mod builder;
mod error;
mod files;
mod generated;
mod raw;
mod server;
mod symbols;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use self::files::Files;
use self::generated::grpc::reflection::{v1, v1alpha};
use self::server::ReflectionServer;
use crate::ServerOptions;
use crate::server::RpcService;

pub use builder::ReflectionBuilder;
pub use error::InvalidReflection;

/// What is known about services and their messages: for [`Router::with_reflection`].
///
/// [`Router::with_reflection`]: crate::Router::with_reflection
#[derive(Clone)]
pub struct Reflection {
    files: Arc<Files>,
    /// Services that are to be listed though no router here has them.
    elsewhere: Arc<BTreeSet<String>>,
    options: ServerOptions,
}

impl Reflection {
    /// What is in an encoded `google.protobuf.FileDescriptorSet`: `FILE_DESCRIPTOR_SET` of generated code, or
    /// what `protoc --include_imports --descriptor_set_out` wrote.
    ///
    /// # Errors
    ///
    /// As [`ReflectionBuilder::build`].
    pub fn from_descriptor_set(set: impl Into<Bytes>) -> Result<Self, InvalidReflection> {
        Self::builder().add_descriptor_set(set).build()
    }

    /// For several sets, and for services that are not to be seen.
    pub fn builder() -> ReflectionBuilder {
        ReflectionBuilder::default()
    }

    /// Both versions of the service, beside the services that a router has.
    pub(crate) fn beside<'a>(
        &'a self,
        mounted: impl Iterator<Item = &'a str>,
    ) -> [Arc<dyn RpcService>; 2] {
        let own = [
            v1::SERVER_REFLECTION_SERVICE.name,
            v1alpha::SERVER_REFLECTION_SERVICE.name,
        ];
        let listed: BTreeSet<_> = mounted
            .chain(own)
            .chain(self.elsewhere.iter().map(String::as_str))
            .filter(|name| self.files.has_service(name))
            .map(str::to_owned)
            .collect();
        let server = Arc::new(ReflectionServer {
            files: Arc::clone(&self.files),
            listed: listed.into_iter().collect(),
        });
        let options = || self.options.clone();
        let v1 = v1::server_reflection_server::ServerReflectionServer::from_arc;
        let v1alpha = v1alpha::server_reflection_server::ServerReflectionServer::from_arc;
        [
            Arc::new(v1(Arc::clone(&server)).with_options(options())),
            Arc::new(v1alpha(server).with_options(options())),
        ]
    }
}

/// Shows the names of the files.
impl fmt::Debug for Reflection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reflection")
            .field(&self.files.names())
            .finish()
    }
}
