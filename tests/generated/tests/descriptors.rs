//! What the constants say about services and methods.

use generated::large::LARGE_SERVICE;
use generated::old::OLD_SERVICE;
use generated::twice::{SAME_SERVICE, SAME2_SERVICE};
use grpcweb_runtime::{Idempotency, MethodKind};

#[test]
fn options_of_methods_are_there() {
    let [get, set] = OLD_SERVICE.methods else {
        panic!("{OLD_SERVICE:?}");
    };
    assert_eq!(get.idempotency, Idempotency::NoSideEffects);
    assert_eq!(set.idempotency, Idempotency::Idempotent);
    assert!(get.deprecated && !set.deprecated);
}

#[test]
fn every_method_is_there_in_the_order_of_the_file() {
    assert_eq!(LARGE_SERVICE.methods.len(), 300);
    for (number, method) in LARGE_SERVICE.methods.iter().enumerate() {
        assert_eq!(method.path, format!("/large.Large/Method{number}"));
        let streams = method.kind == MethodKind::ServerStreaming;
        assert_eq!(streams, number % 7 == 0);
        assert_eq!(method.idempotency, Idempotency::Unknown);
    }
}

#[test]
fn what_has_another_name_in_rust_keeps_its_own_on_the_wire() {
    let paths: Vec<_> = SAME_SERVICE
        .methods
        .iter()
        .map(|method| method.path)
        .collect();
    assert_eq!(
        paths,
        [
            "/twice.Same/GetFoo",
            "/twice.Same/get_foo",
            "/twice.Same/GETFOO"
        ]
    );
    assert_eq!(SAME2_SERVICE.name, "twice.same");
}
