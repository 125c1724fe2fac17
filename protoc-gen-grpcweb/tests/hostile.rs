//! Requests that no `protoc` sends. The fuzz target in `fuzz/` does the same for longer.

mod support;

use std::fs;
use std::panic;

use proptest::prelude::*;
use prost::Message as _;
use prost_types::FileDescriptorSet;
use prost_types::compiler::{CodeGeneratorRequest, CodeGeneratorResponse};
use protoc_gen_grpcweb::{configure, run_plugin};
use support::{ZOO, protos};

/// What `protoc` would send for the zoo.
fn request() -> Vec<u8> {
    let dir = protos(ZOO);
    let set = dir.path().join("set.binpb");
    configure()
        .out_dir(dir.path())
        .file_descriptor_set_path(&set)
        .compile_protos(
            &[dir.path().join("zoo.proto"), dir.path().join("bare.proto")],
            &[dir.path()],
        )
        .unwrap();
    let set = FileDescriptorSet::decode(&fs::read(set).unwrap()[..]).unwrap();
    let request = CodeGeneratorRequest {
        file_to_generate: set.file.iter().map(|file| file.name().to_owned()).collect(),
        proto_file: set.file,
        ..CodeGeneratorRequest::default()
    };
    request.encode_to_vec()
}

/// What a change does to a request.
#[derive(Debug, Clone)]
enum Change {
    Set(u8),
    Remove(usize),
    Insert(Vec<u8>),
    Repeat(usize),
}

fn changes() -> impl Strategy<Value = Vec<(prop::sample::Index, Change)>> {
    let change = prop_oneof![
        any::<u8>().prop_map(Change::Set),
        (1_usize..40).prop_map(Change::Remove),
        prop::collection::vec(any::<u8>(), 1..8).prop_map(Change::Insert),
        (1_usize..40).prop_map(Change::Repeat),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), change), 1..4)
}

fn apply(bytes: &mut Vec<u8>, at: usize, change: Change) {
    match change {
        Change::Set(byte) => bytes[at] = byte,
        Change::Remove(len) => {
            bytes.drain(at..bytes.len().min(at + len));
        }
        Change::Insert(new) => {
            bytes.splice(at..at, new);
        }
        Change::Repeat(len) => {
            let again = bytes[at..bytes.len().min(at + len)].to_vec();
            bytes.splice(at..at, again);
        }
    }
}

#[test]
fn a_request_that_is_whole_gets_files() {
    let mut response = Vec::new();
    run_plugin(&request()[..], &mut response).unwrap();
    let response = CodeGeneratorResponse::decode(&response[..]).unwrap();
    assert_eq!(response.error, None);
    assert_eq!(response.file.len(), 4);
}

#[test]
fn whatever_comes_in_there_is_an_answer_or_an_error_and_no_panic() {
    // prost-build panics on some of it, which is caught and becomes an error: no need to hear of it.
    panic::set_hook(Box::new(|_| {}));
    let request = request();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let result = runner.run(&changes(), |changes| {
        let mut bytes = request.clone();
        for (at, change) in changes {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                apply(&mut bytes, at, change);
            }
        }
        let answer = panic::catch_unwind(|| {
            let mut response = Vec::new();
            run_plugin(&bytes[..], &mut response).map(|()| response)
        });
        match answer {
            Ok(Ok(response)) => prop_assert!(CodeGeneratorResponse::decode(&response[..]).is_ok()),
            Ok(Err(error)) => prop_assert!(!error.to_string().is_empty()),
            Err(_) => prop_assert!(false, "panicked on {:?}", bytes),
        }
        Ok(())
    });
    let _ = panic::take_hook();
    result.unwrap();
}
