//! The client under test. What is here is for clients of any kind, but for `nonblocking`.

mod case;
mod nonblocking;
mod outcome;
mod program;
mod tls;
mod transport;

pub use nonblocking::call;
pub use program::run;
pub use transport::Transports;
