//! The client under test. What is here is for clients of any kind, but for `nonblocking`.

mod case;
mod channels;
mod nonblocking;
mod outcome;
mod program;

pub use channels::Channels;
pub use nonblocking::call;
pub use program::run;
