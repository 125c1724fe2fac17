use http::header::{self, HeaderName, HeaderValue};
use http::{Extensions, Method, Uri, Version};
use prost::Message;

use super::response::Answer;
use super::transport::Transport;
use crate::codec::{self, Prost};
use crate::format::Format;
use crate::limits::Limits;
use crate::outbound::{self, RequestFailure};
use crate::wire::protocol::Protocol;
use crate::{Body, BoxError, MetadataMap, MethodDescriptor, Request, Response, Status, Streaming};

const X_GRPC_WEB: HeaderName = HeaderName::from_static("x-grpc-web");
const TRAILERS: HeaderValue = HeaderValue::from_static("trailers");
const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("grpcweb-runtime/", env!("CARGO_PKG_VERSION")));

/// The most bytes of trailers that a response may have: more than a server of ours would send.
const MAX_TRAILERS: usize = 1024 * 1024;

/// A transport and how calls are made over it: what a generated client stands on.
///
/// A call takes a client with it, so that its future borrows nothing and can be spawned; clones are as
/// cheap as those of the transport.
///
/// A generated client is made from a transport alone, or from this where something is to be set.
///
/// ```
/// use grpcweb_runtime::client::Client;
/// use grpcweb_runtime::Channel;
/// use hello_world::greeter_client::GreeterClient;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), grpcweb_runtime::client::ChannelError> {
/// let channel = Channel::new("http://127.0.0.1:8080")?;
/// let greeter = GreeterClient::from(Client::new(channel).max_decoding_message_size(1024));
/// # let _ = greeter;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Client<T> {
    transport: T,
    protocol: Protocol,
    limits: Limits,
}

impl<T> Client<T> {
    /// A client that speaks gRPC-Web, with the default limits.
    pub fn new(transport: T) -> Self {
        Self {
            transport,
            protocol: Protocol::GrpcWeb,
            limits: Limits {
                trailers: MAX_TRAILERS,
                ..Limits::DEFAULT
            },
        }
    }

    /// Speaks another protocol than gRPC-Web in binary.
    #[must_use]
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// The most bytes of a message received: 4 MiB unless set. A larger one fails the call with
    /// `RESOURCE_EXHAUSTED` before memory is taken for it.
    #[must_use]
    pub fn max_decoding_message_size(mut self, bytes: usize) -> Self {
        self.limits.decoding = bytes;
        self
    }

    /// The most bytes of a message sent: 4 GiB unless set, the most that a frame can hold. A larger one
    /// fails the call with `RESOURCE_EXHAUSTED`.
    #[must_use]
    pub fn max_encoding_message_size(mut self, bytes: usize) -> Self {
        self.limits.encoding = Limits::frame(bytes);
        self
    }
}

impl<T: Transport> Client<T> {
    /// Calls a method that takes one message and returns one.
    ///
    /// # Errors
    ///
    /// The status that the call ended with, be it from the server or from what is between.
    pub async fn unary<Req, Res>(
        self,
        method: &'static MethodDescriptor,
        request: Request<Req>,
    ) -> Result<Response<Res>, Status>
    where
        Req: Message + Default,
        Res: Message + Default,
    {
        self.send_one(method, request)
            .await?
            .message(codec::decode_response::<Prost, _>)
            .await
    }

    /// Calls a method that takes one message and returns a stream of them.
    ///
    /// # Errors
    ///
    /// The status, where the call fails before the server has begun to answer.
    pub async fn server_streaming<Req, Res>(
        self,
        method: &'static MethodDescriptor,
        request: Request<Req>,
    ) -> Result<Response<Streaming<Res>>, Status>
    where
        Req: Message + Default,
        Res: Message + Default,
    {
        let answer = self.send_one(method, request).await?;
        Ok(answer.stream(codec::decode_response::<Prost, _>))
    }

    /// Calls a method that takes a stream of messages and returns one.
    ///
    /// # Errors
    ///
    /// The status that the call ended with. Where the stream of requests yields an error, the call is
    /// broken off and that error is returned.
    pub async fn client_streaming<Req, Res>(
        self,
        method: &'static MethodDescriptor,
        request: Request<Streaming<Req>>,
    ) -> Result<Response<Res>, Status>
    where
        Req: Message + Default + 'static,
        Res: Message + Default,
    {
        self.send_stream(method, request)
            .await?
            .message(codec::decode_response::<Prost, _>)
            .await
    }

    /// Calls a method that takes and returns streams of messages.
    ///
    /// # Errors
    ///
    /// The status, where the call fails before the server has begun to answer.
    pub async fn bidi_streaming<Req, Res>(
        self,
        method: &'static MethodDescriptor,
        request: Request<Streaming<Req>>,
    ) -> Result<Response<Streaming<Res>>, Status>
    where
        Req: Message + Default + 'static,
        Res: Message + Default,
    {
        let answer = self.send_stream(method, request).await?;
        Ok(answer.stream(codec::decode_response::<Prost, _>))
    }

    fn format(&self) -> Format {
        Format::new(self.protocol, self.limits)
    }

    async fn send_one<Req: Message + Default>(
        self,
        method: &'static MethodDescriptor,
        request: Request<Req>,
    ) -> Result<Answer, Status> {
        let (message, metadata, extensions) = request.into_parts();
        let frame = codec::encode_alone::<Prost, _>(&message, &self.format(), 0)?;
        let body = outbound::whole(self.protocol, frame);
        let request = head(self.protocol, method, metadata, extensions, body);
        self.send(request, RequestFailure::default()).await
    }

    async fn send_stream<Req: Message + Default + 'static>(
        self,
        method: &'static MethodDescriptor,
        request: Request<Streaming<Req>>,
    ) -> Result<Answer, Status> {
        let (messages, metadata, extensions) = request.into_parts();
        let failure = RequestFailure::of_stream();
        let body = outbound::request::<Prost, _>(self.format(), messages, failure.clone());
        let request = head(self.protocol, method, metadata, extensions, body);
        self.send(request, failure).await
    }

    async fn send(
        self,
        request: http::Request<Body>,
        failure: RequestFailure,
    ) -> Result<Answer, Status> {
        let format = self.format();
        match exchange(self.transport, request).await {
            Ok(response) => Answer::open(response, format, failure).await,
            Err(error) => Err(failure.or(no_response(error))),
        }
    }
}

async fn exchange<T: Transport>(
    mut transport: T,
    request: http::Request<Body>,
) -> Result<http::Response<Body>, BoxError> {
    std::future::poll_fn(|cx| transport.poll_ready(cx))
        .await
        .map_err(Into::into)?;
    let response = transport.call(request).await.map_err(Into::into)?;
    Ok(response.map(Body::new))
}

fn head(
    protocol: Protocol,
    method: &'static MethodDescriptor,
    metadata: MetadataMap,
    extensions: Extensions,
    body: Body,
) -> http::Request<Body> {
    let mut request = http::Request::new(body);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::from_static(method.path);
    *request.extensions_mut() = extensions;
    let mut headers = metadata.into_sendable_headers();
    headers.insert(header::CONTENT_TYPE, protocol.content_type());
    if protocol.needs_http2() {
        *request.version_mut() = Version::HTTP_2;
        headers.insert(header::TE, TRAILERS);
    } else {
        headers.insert(header::ACCEPT, protocol.content_type());
        headers.insert(X_GRPC_WEB, HeaderValue::from_static("1"));
    }
    headers.entry(header::USER_AGENT).or_insert(USER_AGENT);
    *request.headers_mut() = headers;
    request
}

/// A call that got no response. A status in the error is from this side, as from a layer that refused
/// the request, and says more than that.
fn no_response(error: BoxError) -> Status {
    if let Some(status) = Status::find_in(error.as_ref()) {
        return status.clone();
    }
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        message.push_str(": ");
        message.push_str(&error.to_string());
        source = error.source();
    }
    Status::unavailable(message).with_source(error)
}
