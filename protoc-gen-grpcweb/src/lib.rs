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
//! One run of the plugin writes one file that ties the packages together, `mod.rs`, so all files go into
//! one run. buf makes a run for each directory unless told not to:
//!
//! ```yaml
//! version: v2
//! plugins:
//!   - local: protoc-gen-grpcweb
//!     out: src/proto
//!     strategy: all
//! ```
//!
//! Where there have to be several runs into one directory, each has the option `package_files_only`, and
//! `protoc-gen-grpcweb --modules src/proto` writes `mod.rs` after the last. Each package has to be in one
//! run as a whole. A view ([`Builder::views`]) owns the messages in it that another run generates.
//!
//! Nothing has to be installed for the build script: `protoc` comes with the crate. Another one is
//! used where the environment variable `PROTOC` names it, and none where a descriptor set is at hand
//! ([`Builder::compile_fds`]).
//!
//! # What it takes
//!
//! Whatever `protoc` takes: proto2, proto3 and editions 2023 and 2024. As prost has them, strings are
//! UTF-8, enums are open, and extensions are left out. Names that Rust does not have, or that would be
//! one there, get others, of which a warning tells; on the wire they keep their own.
//!
//! # Options
//!
//! In a build script an option is a method of [`Builder`]; for `protoc` it goes into `--grpcweb_opt`, with
//! commas between several, and `\\,` for a comma within one. Paths are those of the `.proto` file, with a
//! dot before the package; `.` is everything.
//!
//! | build script | `--grpcweb_opt` | |
//! |---|---|---|
//! | [`build_client`](Builder::build_client) | `build_client[=true\|false]` | generate clients (default: true) |
//! | [`build_blocking_client`](Builder::build_blocking_client) | `build_blocking_client[=true\|false]` | generate blocking clients, beside or instead of the others |
//! | [`build_server`](Builder::build_server) | `build_server[=true\|false]` | generate service traits and servers (default: true) |
//! | [`generate_default_stubs`](Builder::generate_default_stubs) | `generate_default_stubs[=true\|false]` | methods that are not implemented answer UNIMPLEMENTED instead of failing to compile |
//! | [`client_feature`](Builder::client_feature) | `client_feature=FEATURE` | put clients behind a feature of your crate |
//! | [`server_feature`](Builder::server_feature) | `server_feature=FEATURE` | put traits and servers behind a feature of your crate |
//! | [`include_service`](Builder::include_service) | `include_service=PROTO_PATH` | generate only the services below the path |
//! | [`exclude_service`](Builder::exclude_service) | `exclude_service=PROTO_PATH` | do not generate the services below the path |
//! | [`client_attribute`](Builder::client_attribute) | `client_attribute=PROTO_PATH=ATTRIBUTE` | put an attribute on clients |
//! | [`client_mod_attribute`](Builder::client_mod_attribute) | `client_mod_attribute=PROTO_PATH=ATTRIBUTE` | put an attribute on the modules of clients |
//! | [`server_attribute`](Builder::server_attribute) | `server_attribute=PROTO_PATH=ATTRIBUTE` | put an attribute on servers |
//! | [`server_mod_attribute`](Builder::server_mod_attribute) | `server_mod_attribute=PROTO_PATH=ATTRIBUTE` | put an attribute on the modules of servers |
//! | [`services_only`](Builder::services_only) | `services_only[=true\|false]` | generate no messages; needs the option messages |
//! | [`messages`](Builder::messages) | `messages=RUST_PATH` | the module that has the messages, as in crate::pb |
//! | [`include_file`](Builder::include_file) | `include_file=NAME` | the file that ties the packages together as modules (default: mod.rs) |
//! | [`package_files_only`](Builder::package_files_only) | `package_files_only[=true\|false]` | write no file that ties the packages together: see below |
//! | [`default_package_filename`](Builder::default_package_filename) | `default_package_filename=NAME` | the file for what is in no package, without .rs (default: _) |
//! | [`file_descriptor_set`](Builder::file_descriptor_set) | `file_descriptor_set[=true\|false]` | put the descriptors of all files into a constant FILE_DESCRIPTOR_SET |
//! | [`extern_path`](Builder::extern_path) | `extern_path=PROTO_PATH=RUST_PATH` | use the Rust type or module for what is at the proto path, and generate nothing for it |
//! | [`compile_well_known_types`](Builder::compile_well_known_types) | `compile_well_known_types[=true\|false]` | generate google.protobuf instead of using prost-types |
//! | [`enable_type_names`](Builder::enable_type_names) | `enable_type_names[=true\|false]` | implement [`prost::Name`] for messages, as details of a status need it |
//! | [`type_name_domain`](Builder::type_name_domain) | `type_name_domain=PROTO_PATH=DOMAIN` | begin type URLs with the domain, as in `type.googleapis.com` |
//! | [`type_attribute`](Builder::type_attribute) | `type_attribute=PROTO_PATH=ATTRIBUTE` | put an attribute on messages, enums and oneofs |
//! | [`message_attribute`](Builder::message_attribute) | `message_attribute=PROTO_PATH=ATTRIBUTE` | put an attribute on messages |
//! | [`enum_attribute`](Builder::enum_attribute) | `enum_attribute=PROTO_PATH=ATTRIBUTE` | put an attribute on enums and oneofs |
//! | [`field_attribute`](Builder::field_attribute) | `field_attribute=PROTO_PATH=ATTRIBUTE` | put an attribute on fields |
//! | [`bytes`](Builder::bytes) | `bytes=PROTO_PATH` | use bytes::Bytes for fields of type bytes |
//! | [`btree_map`](Builder::btree_map) | `btree_map=PROTO_PATH` | use BTreeMap for map fields |
//! | [`boxed`](Builder::boxed) | `boxed=PROTO_PATH` | put fields into a Box |
//! | [`views`](Builder::views) | `views=PROTO_PATH` | generate views of messages, which borrow their fields, and hand them to services |
//! | [`disable_comments`](Builder::disable_comments) | `disable_comments=PROTO_PATH` | leave out the comments of messages, fields, services, methods |
//!
//! What concerns the running of `protoc` and the writing of files is in [`Builder`] alone.
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
mod output;
mod plugin;
mod print;
mod protoc;
mod service;
mod views;

pub use builder::{Builder, compile_protos, configure};
pub use error::Error;
pub use modules::write_modules;
pub use options::{OPTIONS, OptionHelp};
pub use plugin::run_plugin;
