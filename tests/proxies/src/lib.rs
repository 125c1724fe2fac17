//! A service to be called through proxies: see `proto/probe.proto`.

mod board;
mod probe;

pub use probe::MyProbe;

/// The code generated from `proto/`.
pub mod proto {
    grpcweb_runtime::include_protos!();
}
