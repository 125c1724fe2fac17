//! What the slimmer's server and its clients agree on: the code generated from
//! `slimmer_grpc/main.proto`.

mod proto {
    grpcweb_runtime::include_protos!();
}

pub use proto::slimmer_grpc::*;
