//! The client half: from a typed call to an HTTP exchange, and back.

mod call;
#[cfg(feature = "channel")]
mod channel;
mod response;
mod transport;

pub use call::Client;
#[cfg(feature = "channel")]
pub use channel::{Channel, ChannelBuilder, ChannelError};
pub use transport::Transport;
