//! The plugin, as `protoc` runs it, next to the build script.

mod support;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use prost::Message as _;
use prost_types::compiler::{CodeGeneratorRequest, CodeGeneratorResponse};
use protoc_gen_grpcweb::{OPTIONS, configure};
use support::{PLUGIN, ZOO, protos, run_protoc, through_build_script, through_protoc};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");

#[test]
fn both_doors_write_the_same_bytes() {
    let dir = protos(ZOO);
    let files = ["zoo.proto", "animals.proto", "bare.proto"];
    let by_protoc = through_protoc(dir.path(), &files, "").unwrap();
    assert_eq!(
        by_protoc,
        through_build_script(dir.path(), &files, configure())
    );
    let names: Vec<_> = by_protoc.iter().map(|(name, _)| &name[..]).collect();
    assert_eq!(names, ["_.rs", "mod.rs", "zoo.v1.animals.rs", "zoo.v1.rs"]);
}

/// To write them anew: `UPDATE_GOLDEN=1 cargo test -p protoc-gen-grpcweb`.
#[test]
fn the_generated_code_is_what_was_reviewed() {
    let dir = protos(ZOO);
    let protos = ["zoo.proto", "animals.proto"];
    let files = through_protoc(dir.path(), &protos, "build_blocking_client").unwrap();
    let views = through_protoc(dir.path(), &["animals.proto"], "views=.zoo.v1.animals").unwrap();
    let views = views
        .into_iter()
        .map(|(name, content)| (format!("views/{name}"), content));
    for (name, content) in files.into_iter().chain(views) {
        let path = Path::new(GOLDEN).join(&name);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, &content).unwrap();
        }
        let golden = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            golden == content,
            "{} is not what is generated now; if that is right, run the tests with UPDATE_GOLDEN=1",
            path.display()
        );
    }
}

#[test]
fn only_what_was_asked_for_is_generated() {
    let dir = protos(ZOO);
    let files = through_protoc(dir.path(), &["zoo.proto"], "build_client=false").unwrap();
    let names: Vec<_> = files.iter().map(|(name, _)| &name[..]).collect();
    assert_eq!(names, ["mod.rs", "zoo.v1.rs"]);
    let code = &files[1].1;
    assert!(code.contains("KeeperServer") && !code.contains("KeeperClient"));

    let files = through_protoc(dir.path(), &["zoo.proto"], "build_server=false").unwrap();
    let code = &files[1].1;
    assert!(!code.contains("KeeperServer") && code.contains("KeeperClient"));
}

/// Names that are one and the same in Rust.
const TWICE: (&str, &str) = (
    "twice.proto",
    r#"syntax = "proto3";
       package a.b;
       message M { int32 foo_bar = 1; int32 FooBar = 2; int32 _ = 3; }
       message m { M inner = 1; }
       service FooBar { rpc GetFoo(M) returns (m); rpc get_foo(m) returns (M); }
       service Foo_Bar { rpc GetFoo(M) returns (m); }
    "#,
);

#[test]
fn names_that_are_one_in_rust_get_others_there_and_keep_their_own_on_the_wire() {
    let dir = protos(&[TWICE]);
    let files = through_protoc(dir.path(), &["twice.proto"], "").unwrap();
    let code = &files[0].1;
    for part in [
        "pub struct M {",
        "pub struct M2 {",
        "pub foo_bar: i32",
        "pub foo_bar2: i32",
        "pub underscore2: i32",
        "Option<M>",
        "fn get_foo(",
        "fn get_foo2(",
        "\"GetFoo\" => {",
        "\"get_foo\" => {",
        "rt::Request<super::M2>",
        "pub trait FooBar2",
        "\"a.b.Foo_Bar\"",
        "\"/a.b.Foo_Bar/GetFoo\"",
    ] {
        assert!(code.contains(part), "{part} is not in:\n{code}");
    }
}

#[test]
fn each_new_name_is_reported_with_the_file() {
    let dir = protos(&[TWICE]);
    let output = run_protoc(dir.path(), &["twice.proto"], "", dir.path());
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 5, "{said}");
    for parts in [
        ["type", "a.b.m", "m2"],
        ["field", "FooBar of a.b.M", "FooBar2"],
        ["field", "_ of a.b.M", "underscore2"],
        ["method", "get_foo of the service a.b.FooBar", "get_foo2"],
        ["service", "Foo_Bar", "Foo_Bar2"],
    ] {
        let reported = said
            .lines()
            .any(|line| line.contains("twice.proto: ") && parts.iter().all(|p| line.contains(p)));
        assert!(reported, "{parts:?} is not in:\n{said}");
    }
}

#[test]
fn a_package_with_the_name_of_a_messages_module_gets_another_in_rust() {
    let dir = protos(&[
        (
            "a.proto",
            "syntax = \"proto3\"; package a; import \"b.proto\";
             message Cluster { message Part {} a.cluster.Node node = 1; }",
        ),
        (
            "b.proto",
            "syntax = \"proto3\"; package a.cluster; message Node {}
             service S { rpc Get(Node) returns (Node); }",
        ),
    ]);
    let files = through_protoc(dir.path(), &["a.proto", "b.proto"], "").unwrap();
    let names: Vec<_> = files.iter().map(|(name, _)| &name[..]).collect();
    assert_eq!(names, ["a.cluster_package.rs", "a.rs", "mod.rs"]);
    assert!(files[0].1.contains("\"/a.cluster.S/Get\""));
    assert!(files[1].1.contains("cluster_package::Node"));
}

#[test]
fn an_edition_that_is_not_known_is_refused_by_protoc_and_those_before_are_taken() {
    let file = |edition: &str| format!("edition = \"{edition}\"; package a; message M {{}}");
    for edition in ["2023", "2024"] {
        let dir = protos(&[("new.proto", &file(edition))]);
        assert_eq!(
            through_protoc(dir.path(), &["new.proto"], "").unwrap(),
            through_build_script(dir.path(), &["new.proto"], configure())
        );
    }
    let dir = protos(&[("new.proto", &file("99999_TEST_ONLY"))]);
    let said = through_protoc(dir.path(), &["new.proto"], "").unwrap_err();
    assert!(said.contains("new.proto"), "{said}");
}

#[test]
fn an_option_that_does_not_exist_is_an_error_that_lists_those_that_do() {
    let dir = protos(&[("a.proto", "syntax = \"proto3\"; message M {}")]);
    let said = through_protoc(dir.path(), &["a.proto"], "build_sever=true").unwrap_err();
    assert!(said.contains("build_sever"), "{said}");
    assert!(
        OPTIONS.iter().all(|option| said.contains(option.name)),
        "{said}"
    );
}

#[test]
fn a_malformed_attribute_or_path_is_an_error_and_no_panic() {
    let dir = protos(ZOO);
    for option in [
        "type_attribute=.=#[derive(]",
        "server_attribute=.=#[derive(]",
        "extern_path=a=b",
        "extern_path=.zoo.v1.animals=super::b",
        "include_file=a/mod.rs",
    ] {
        let said = through_protoc(dir.path(), &["zoo.proto"], option).unwrap_err();
        assert!(!said.contains("panicked"), "{option}: {said}");
        assert!(said.starts_with("--grpcweb_out: "), "{option}: {said}");
    }
}

#[test]
fn an_error_names_the_file_the_service_and_the_method_whatever_the_door() {
    let dir = protos(ZOO);
    let option = "extern_path=.zoo.v1.animals=::";
    let said = through_protoc(dir.path(), &["zoo.proto"], option).unwrap_err();
    let start = "zoo.proto: service zoo.v1.Keeper: method Find: ";
    assert!(said.contains(start), "{said}");
    let error = configure()
        .out_dir(dir.path())
        .extern_path(".zoo.v1.animals", "::")
        .compile_protos(&[dir.path().join("zoo.proto")], &[dir.path()])
        .unwrap_err();
    assert!(said.contains(&error.to_string()), "{error}\n{said}");
}

#[test]
fn what_protoc_refuses_is_shown_in_its_own_words() {
    let dir = protos(&[("bad.proto", "syntax = \"proto3\"; message {")]);
    let error = configure()
        .out_dir(dir.path())
        .compile_protos(&[dir.path().join("bad.proto")], &[dir.path()])
        .unwrap_err();
    let said = error.to_string();
    assert!(
        said.contains("bad.proto:1:") && said.contains("message name"),
        "{said}"
    );
}

#[test]
fn a_file_that_does_not_exist_is_named() {
    let error = configure()
        .out_dir("/nowhere")
        .compile_protos(&["no/such/file.proto"], &["no"])
        .unwrap_err();
    assert!(error.to_string().contains("no/such/file.proto"), "{error}");
}

#[test]
fn files_that_do_not_change_are_not_written_again() {
    let dir = protos(ZOO);
    let out = tempfile::tempdir().unwrap();
    let compile = || {
        configure()
            .out_dir(out.path())
            .compile_protos(&[dir.path().join("zoo.proto")], &[dir.path()])
            .unwrap();
    };
    compile();
    let path = out.path().join("zoo.v1.rs");
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    compile();
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    assert_eq!(modified, SystemTime::UNIX_EPOCH);
}

fn plugin(args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(PLUGIN)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A plugin that does not read its input ends before this is done.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

#[test]
fn help_and_version_speak_to_a_person() {
    let help = String::from_utf8(plugin(&["--help"], b"").stdout).unwrap();
    assert!(help.contains("--grpcweb_out"), "{help}");
    for option in OPTIONS {
        assert!(
            help.contains(option.name) && help.contains(option.help),
            "{help}"
        );
    }
    let version = String::from_utf8(plugin(&["--version"], b"").stdout).unwrap();
    assert_eq!(
        version,
        concat!("protoc-gen-grpcweb ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn what_is_no_request_ends_with_one_line_and_a_failure() {
    for input in [&b"not a request"[..], b""] {
        let output = plugin(&[], input);
        assert!(!output.status.success());
        assert_eq!(output.stdout, b"");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.starts_with("protoc-gen-grpcweb: "), "{said}");
    }
}

#[test]
fn a_closed_output_ends_with_one_line_and_a_failure() {
    let mut child = Command::new(PLUGIN)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let request = CodeGeneratorRequest::default().encode_to_vec();
    let request = [request, vec![0x12, 0]].concat();
    child.stdin.take().unwrap().write_all(&request).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.contains("cannot hand the response to protoc"),
        "{said}"
    );
}

#[test]
fn an_error_is_in_the_response_and_the_exit_is_a_success() {
    let request = CodeGeneratorRequest {
        parameter: Some("nonsense".into()),
        ..CodeGeneratorRequest::default()
    };
    let output = plugin(&[], &request.encode_to_vec());
    assert!(output.status.success());
    assert_eq!(output.stderr, b"");
    let response = CodeGeneratorResponse::decode(&output.stdout[..]).unwrap();
    assert!(response.error().contains("nonsense"));
    assert_eq!(
        response.supported_features(),
        1 | 2,
        "proto3 optional, editions"
    );
}
