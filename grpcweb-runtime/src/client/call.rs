use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use prost::Message;

use super::attempt::{Attempt, Content};
use super::interceptor::{Intercepted, Interceptor};
use super::response::Answer;
use super::retry::{Retries, RetryPolicy};
use super::settings::Settings;
use super::transport::Transport;
use crate::codec::{self, Prost};
use crate::deadline::{Timer, within};
use crate::limits::Limits;
use crate::outbound::{self, RequestFailure};
use crate::request::RequestHead;
use crate::{
    CompressionEncoding, MethodDescriptor, Protocol, Request, Response, Status, Streaming,
};

/// A transport and how calls are made over it: what a generated client stands on.
///
/// A call takes a client with it, so that its future borrows nothing and can be spawned; clones are as
/// cheap as those of the transport.
///
/// A generated client is made from a transport alone, or from this where something is to be set.
///
/// ```
/// use std::time::Duration;
/// use grpcweb_runtime::Channel;
/// use grpcweb_runtime::client::{Client, RetryPolicy};
/// use hello_world::greeter_client::GreeterClient;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), grpcweb_runtime::client::ChannelError> {
/// let channel = Channel::new("http://127.0.0.1:8080")?;
/// let greeter = GreeterClient::from(
///     Client::new(channel)
///         .timeout(Duration::from_secs(5))
///         .retry(RetryPolicy::new()),
/// );
/// # let _ = greeter;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Client<T> {
    transport: T,
    settings: Arc<Settings>,
}

impl<T> Client<T> {
    /// A client that speaks gRPC-Web, with the default limits.
    pub fn new(transport: T) -> Self {
        Self {
            transport,
            settings: Arc::default(),
        }
    }

    /// Speaks another protocol than gRPC-Web in binary.
    #[must_use]
    pub fn protocol(self, protocol: Protocol) -> Self {
        self.set(|settings| settings.protocol = protocol)
    }

    /// How long a call may take that says nothing itself, from its beginning to the last byte of the
    /// response. Unless set, as long as it likes. See [`Request::with_timeout`].
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        self.set(|settings| settings.timeout = Some(timeout))
    }

    /// The most bytes of a message received, before and after it is decompressed: 4 MiB unless set. A
    /// larger one fails the call with `RESOURCE_EXHAUSTED` before memory is taken for it.
    #[must_use]
    pub fn max_decoding_message_size(self, bytes: usize) -> Self {
        self.set(|settings| settings.limits.decoding = bytes)
    }

    /// The most bytes of a message sent: 4 GiB unless set, the most that a frame can hold. A larger one
    /// fails the call with `RESOURCE_EXHAUSTED`.
    #[must_use]
    pub fn max_encoding_message_size(self, bytes: usize) -> Self {
        self.set(|settings| settings.limits.encoding = Limits::frame(bytes))
    }

    /// The most bytes of the trailers of a gRPC-Web response: 1 MiB unless set. Longer ones fail the call
    /// with `RESOURCE_EXHAUSTED` before memory is taken for them.
    #[must_use]
    pub fn max_trailers_size(self, bytes: usize) -> Self {
        self.set(|settings| settings.limits.trailers = bytes)
    }

    /// Compresses request messages in this encoding, which the server has to know.
    #[must_use]
    pub fn send_compressed(self, encoding: CompressionEncoding) -> Self {
        self.set(|settings| settings.send_compressed = Some(encoding))
    }

    /// Leaves messages of up to this many bytes uncompressed: 1 KiB unless set.
    #[must_use]
    pub fn compress_above(self, bytes: usize) -> Self {
        self.set(|settings| settings.compress_above = bytes)
    }

    /// Accepts response messages that are compressed in this encoding, and says so. Called more than once,
    /// it accepts each.
    #[must_use]
    pub fn accept_compressed(self, encoding: CompressionEncoding) -> Self {
        self.set(|settings| settings.accept_compressed.push(encoding))
    }

    /// Makes calls again that failed for the time being. Off unless set.
    #[must_use]
    pub fn retry(self, policy: RetryPolicy) -> Self {
        self.set(|settings| settings.retry = Some(policy))
    }

    /// Lets an interceptor see every attempt of a call. The one that is added last sees it first.
    #[must_use]
    pub fn with_interceptor<I: Interceptor>(self, interceptor: I) -> Client<Intercepted<T>> {
        let Self {
            transport,
            settings,
        } = self;
        Client {
            transport: Intercepted::new(transport, interceptor),
            settings,
        }
        .set(|settings| settings.describe = true)
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
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
        let (head, content) = self.frame(request)?;
        self.send(method, head, content)
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
        let (head, content) = self.frame(request)?;
        let answer = self.send(method, head, content).await?;
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
    /// Over HTTP/2 both go on side by side. Over HTTP/1.1 most servers answer once the request has ended,
    /// so that the stream of requests must not wait for responses.
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

    /// The frame of a message, as it travels, and what goes with it.
    fn frame<Req: Message + Default>(
        &self,
        request: Request<Req>,
    ) -> Result<(RequestHead, Content), Status> {
        let (message, head) = request.into_head();
        let format = self.settings.format();
        let (frame, _) = codec::encode_alone::<Prost, _>(&message, &format, 0)?;
        let content = Content::Message(outbound::flush(format.protocol, frame));
        Ok((head, content))
    }

    async fn send_stream<Req: Message + Default + 'static>(
        self,
        method: &'static MethodDescriptor,
        request: Request<Streaming<Req>>,
    ) -> Result<Answer, Status> {
        let (messages, head) = request.into_head();
        let failure = RequestFailure::of_stream();
        let format = self.settings.format();
        let body = outbound::request::<Prost, _>(format, messages, failure.clone());
        self.send(method, head, Content::Stream(body, failure))
            .await
    }

    async fn send(
        self,
        method: &'static MethodDescriptor,
        mut head: RequestHead,
        content: Content,
    ) -> Result<Answer, Status> {
        let Self {
            mut transport,
            settings,
        } = self;
        let deadline = head.begin(settings.timeout)?;
        let retries = Retries::of(&settings, method, &head, &content);
        let mut attempt = Attempt {
            method,
            settings: &settings,
            head,
            deadline,
        };
        let mut timer = deadline.map(Timer::at);
        let mut answer = match (content, retries) {
            (Content::Message(frame), Some(retries)) => {
                // Boxed, as calls that are made once need none of it.
                let repeated = Box::pin(attempt.repeat(transport, frame, retries));
                within(&mut timer, repeated).await?
            }
            (content, _) => {
                let (request, failure) = attempt.only_request(content);
                let exchange = pin!(attempt.exchange(&mut transport, request, failure));
                within(&mut timer, exchange).await?
            }
        };
        answer.end_at(timer);
        Ok(answer)
    }
}
