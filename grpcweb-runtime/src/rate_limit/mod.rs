//! Limits on how often calls are made.
//!
//! A [`RateLimit`] says how many calls, and of whom. Set on a router, a service or a method, it sees calls
//! before their messages are read:
//!
//! ```
//! use std::time::Duration;
//! use grpcweb_runtime::rate_limit::RateLimit;
//! use grpcweb_runtime::ServerOptions;
//!
//! let per_client = RateLimit::gcra(50, Duration::from_secs(1), 100).by_client_ip();
//! let log_in = RateLimit::per_window(10, Duration::from_secs(60)).by_client_ip();
//! let options = ServerOptions::new()
//!     .interceptor(per_client)
//!     .method("LogIn", ServerOptions::new().interceptor(log_in));
//! # let _ = options;
//! ```
//!
//! Where what is in the message counts, the handler asks ([`RateLimit::check`]):
//!
//! ```
//! use grpcweb_runtime::rate_limit::RateLimit;
//! use grpcweb_runtime::{Request, Response, Status};
//! # struct HelloRequest { name: String }
//! # struct HelloReply;
//!
//! struct MyGreeter {
//!     limit: RateLimit,
//! }
//!
//! impl MyGreeter {
//!     async fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
//!         self.limit.check(&request.get_ref().name).await?;
//!         Ok(Response::new(HelloReply))
//!     }
//! }
//! ```
//!
//! A call too many fails with `RESOURCE_EXHAUSTED` and a
//! [`RetryInfo`](crate::error_details::RetryInfo), which says when the next one would pass. It takes nothing
//! away: who calls on and on gets as much as who waits.
//!
//! What is counted is in memory, in a [`MemoryStore`], unless there is a [`Store`] for several processes.

mod counter;
mod key;
mod limit;
mod memory;
mod quota;
mod store;

pub use counter::Counter;
pub use key::{Key, KeyPart, client_network};
pub use limit::RateLimit;
pub use memory::MemoryStore;
pub use quota::{Decision, Quota};
pub use store::{Hit, Store};
