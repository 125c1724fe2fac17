//! Running both doors.

#![allow(dead_code, reason = "each of the tests uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use protoc_gen_grpcweb::Builder;
use tempfile::TempDir;

pub(crate) const PLUGIN: &str = env!("CARGO_BIN_EXE_protoc-gen-grpcweb");

/// A directory with `.proto` files.
pub(crate) fn protos(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(dir.path().join(name), content).unwrap();
    }
    dir
}

/// Runs `protoc` with the plugin; the files that it wrote, or what it said.
pub(crate) fn through_protoc(
    dir: &Path,
    files: &[&str],
    options: &str,
) -> Result<Vec<(String, String)>, String> {
    let out = tempfile::tempdir().unwrap();
    let output = run_protoc(dir, files, options, out.path());
    assert_eq!(output.stdout, b"");
    if output.status.success() {
        Ok(written(out.path()))
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

pub(crate) fn run_protoc(dir: &Path, files: &[&str], options: &str, out: &Path) -> Output {
    Command::new(protoc_bin_vendored::protoc_bin_path().unwrap())
        .arg(format!("--plugin=protoc-gen-grpcweb={PLUGIN}"))
        .arg(format!("--grpcweb_out={}", out.display()))
        .arg(format!("--grpcweb_opt={options}"))
        .arg("-I")
        .arg(dir)
        .arg("-I")
        .arg(protoc_bin_vendored::include_path().unwrap())
        .args(files)
        .output()
        .unwrap()
}

/// Runs the build script's side with the settings of `builder`.
pub(crate) fn through_build_script(
    dir: &Path,
    files: &[&str],
    builder: Builder,
) -> Vec<(String, String)> {
    let out = tempfile::tempdir().unwrap();
    let files: Vec<PathBuf> = files.iter().map(|file| dir.join(file)).collect();
    builder
        .out_dir(out.path())
        .compile_protos(&files, &[dir])
        .unwrap();
    written(out.path())
}

pub(crate) fn written(dir: &Path) -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// Everything a service can have, in several packages.
pub(crate) const ZOO: &[(&str, &str)] = &[
    (
        "zoo.proto",
        r#"syntax = "proto3";
           package zoo.v1;
           import "animals.proto";
           import "google/protobuf/empty.proto";

           // Keeps animals.
           service Keeper {
             // Finds one.
             rpc Find(zoo.v1.animals.Animal) returns (Cage.Lock);
             rpc watch_all(google.protobuf.Empty) returns (stream zoo.v1.animals.Animal);
             rpc Feed(stream zoo.v1.animals.Animal) returns (google.protobuf.Empty);
             rpc Type(stream Cage) returns (stream Cage) { option deprecated = true; }
           }

           service Nobody {}

           message Cage {
             message Lock { bool open = 1; }
             repeated Lock locks = 1;
             optional bytes photo = 2;
           }
        "#,
    ),
    (
        "animals.proto",
        r#"syntax = "proto3";
           package zoo.v1.animals;
           message Animal { string name = 1; Animal parent = 2; }
        "#,
    ),
    (
        "bare.proto",
        "syntax = \"proto2\"; message Bare { required int32 n = 1; } service Root { rpc Get(Bare) returns (Bare); }",
    ),
];
