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

#[test]
fn the_embedded_descriptors_are_those_of_the_files() {
    use prost::Message as _;

    let set = prost_types::FileDescriptorSet::decode(generated::FILE_DESCRIPTOR_SET).unwrap();
    let editions = set.file.iter().find(|file| file.name() == "editions.proto");
    assert_eq!(editions.unwrap().syntax(), "editions");
    assert!(
        set.file
            .iter()
            .any(|file| file.name() == "google/protobuf/any.proto")
    );
    assert!(set.file.iter().all(|file| file.source_code_info.is_none()));
}
