//! The client half: from a typed call to an HTTP request, and back.

mod attempt;
pub(crate) mod broken;
mod call;
#[cfg(feature = "channel")]
mod channel;
#[cfg(any(feature = "channel", feature = "blocking"))]
pub(crate) mod common;
mod interceptor;
mod response;
mod retry;
mod settings;
mod transport;

pub use call::Client;
#[cfg(feature = "channel")]
pub use channel::{Change, Channel, ChannelBuilder};
#[cfg(feature = "channel")]
pub use common::{ChannelError, ChannelPhase};
pub(crate) use interceptor::Hooks;
pub use interceptor::{Answered, Intercepted, Interceptor, Next, Outgoing};
pub use retry::RetryPolicy;
pub use transport::Transport;
