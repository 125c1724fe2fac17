//! The clients under test. What is here is for clients of any kind, but for `blocking` and `nonblocking`.

pub mod blocking;
mod case;
mod channels;
pub mod nonblocking;
mod outcome;
mod program;

pub use channels::{Channels, Connect};
pub use program::run;
