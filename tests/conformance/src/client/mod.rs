//! The client under test. What is here is for clients of any kind, but for `nonblocking`.

mod case;
mod channels;
pub mod nonblocking;
mod outcome;
mod program;

pub use channels::{Channels, Connect};
pub use program::run;
