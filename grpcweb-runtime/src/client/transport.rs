use http::{Request, Response};
use tower_service::Service;

use crate::body::HttpBody;
use crate::{Body, BoxError};

/// What a client sends its calls over: any cloneable [`tower_service::Service`] for HTTP requests.
///
/// Implemented for every such service. `Channel` is one; a generated server is another, which makes a
/// client without a network.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot carry the calls of a client",
    label = "not a transport",
    note = "a transport is a cloneable `tower_service::Service<http::Request<grpcweb_runtime::Body>>` \
            that answers with an `http::Response`, as `grpcweb_runtime::Channel` is"
)]
pub trait Transport:
    Service<Request<Body>, Response = Response<Self::ResponseBody>, Error: Into<BoxError>> + Clone
{
    /// The body of its responses.
    type ResponseBody: HttpBody;
}

impl<S, B> Transport for S
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>> + Clone,
    B: HttpBody,
{
    type ResponseBody = B;
}
