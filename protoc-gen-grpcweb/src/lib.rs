//! Turns the services of `.proto` files into Rust: messages (by prost), a trait for each service, its
//! server and its client. The generated code stands on the crate `grpcweb-runtime`.
//!
//! It is used from a build script,
//!
//! ```no_run
//! protoc_gen_grpcweb::configure()
//!     .compile_protos(&["proto/helloworld.proto"], &["proto"])?;
//! # Ok::<(), protoc_gen_grpcweb::Error>(())
//! ```
//!
//! with this in the crate,
//!
//! ```text
//! mod proto {
//!     grpcweb_runtime::include_protos!();
//! }
//! ```
//!
//! or as a plugin of `protoc`, with the same code and the same options:
//!
//! ```sh
//! cargo install protoc-gen-grpcweb
//! protoc --grpcweb_out=src/proto --grpcweb_opt=build_server=false -I proto proto/helloworld.proto
//! ```
//!
//! Nothing has to be installed for the build script: `protoc` comes with the crate. Another one is
//! used where the environment variable `PROTOC` names it.
//!
//! # Features
//!
//! - `cli` (default): the plugin binary. A build script can do without it, and without compiling
//!   `clap`, by `default-features = false`.

// Nothing that a peer or a file holds may make this code panic.
#![cfg_attr(
    not(test),
    warn(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

mod builder;
mod docs;
mod error;
mod generate;
mod lower;
mod modules;
mod options;
mod plugin;
mod print;
mod protoc;
mod service;

pub use builder::{Builder, compile_protos, configure};
pub use error::Error;
pub use options::{OPTIONS, OptionHelp};
pub use plugin::run_plugin;
