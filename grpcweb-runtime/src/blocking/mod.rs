//! Clients for threads: calls that return when they are done, without a runtime.
//!
//! A blocking client is generated beside the other one where the option `build_blocking_client` is on. It
//! is the same client, with the same settings, over [`Channel`], a transport that blocks. There is no tokio
//! below it, and it does no harm to be called where there is one, but that the thread does nothing else.
//!
//! ```no_run
//! use std::time::Duration;
//! use grpcweb_runtime::blocking::Channel;
//! use grpcweb_runtime::client::{Client, RetryPolicy};
//! use hello_world::HelloRequest;
//! use hello_world::greeter_client::GreeterBlockingClient;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let greeter = GreeterBlockingClient::from(
//!     Client::new(Channel::new("http://127.0.0.1:8080")?)
//!         .timeout(Duration::from_secs(5))
//!         .retry(RetryPolicy::new()),
//! );
//! let request = HelloRequest { name: "world".into() };
//! println!("{}", greeter.say_hello(request.clone())?.get_ref().message);
//! for reply in greeter.say_hello_slowly(request)?.into_inner() {
//!     println!("{}", reply?.message);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A stream of requests is an iterator, of messages or of results. Over HTTP/1.1, which is what there is
//! here, it is sent to its end before the response is read; where the server has enough of it and closes the
//! connection, it is left where it is. A server that answers at length while it is still being asked at length
//! may wait for a reader as long as the client does: such a call should have a deadline, or be of the other
//! client.
//!
//! ```no_run
//! # use grpcweb_runtime::blocking::IntoStreamingRequest;
//! # struct Line(String);
//! # fn upload(_: impl IntoStreamingRequest<Line>) {}
//! use std::io::{BufRead as _, BufReader};
//! use std::time::Duration;
//! use grpcweb_runtime::{Request, Status};
//!
//! upload([Line("one".into()), Line("two".into())]);
//!
//! let lines = BufReader::new(std::io::stdin()).lines().map(|line| match line {
//!     Ok(line) => Ok(Line(line)),
//!     Err(error) => Err(Status::aborted(error.to_string())),
//! });
//! upload(Request::new(lines).with_timeout(Duration::from_secs(5)));
//! ```
//!
//! Interceptors are `async` here too, and must not wait for what only a runtime does.

mod block_on;
mod body;
mod builder;
mod call;
mod cause;
mod channel;
mod connector;
mod messages;
mod streaming_request;
#[cfg(feature = "blocking-tls")]
mod tls;

pub use crate::client::common::{ChannelError, ChannelPhase};
pub(crate) use block_on::is_driving;
pub(crate) use block_on::wake_at;
pub use builder::ChannelBuilder;
#[doc(hidden)]
pub use call::{bidi_streaming, client_streaming, server_streaming, unary};
pub use channel::Channel;
pub use messages::Messages;
pub use streaming_request::{IntoMessage, IntoStreamingRequest};
