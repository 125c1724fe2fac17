//! Code of a `.proto` file that imports one which another crate hands out.

mod proto {
    grpcweb_runtime::include_protos!();
}

pub use proto::night::*;

#[cfg(test)]
mod tests {
    use slimmer_grpc::Activation;

    use super::*;

    #[test]
    fn the_messages_are_those_of_the_crate_that_hands_them_out() {
        let activation = Activation {
            run_id: "run".to_owned(),
            ..Activation::default()
        };
        let shift = Shift {
            activations: vec![activation],
        };
        assert_eq!(shift.activations[0].run_id, "run");
        let method = &WATCH_SERVICE.methods[0];
        assert_eq!(method.path, "/night.Watch/Report");
    }
}
