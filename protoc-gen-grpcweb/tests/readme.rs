//! What the README shows is what the example `quickstart` is, and its commands do what they say.

use std::fs;
use std::path::Path;
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const PLUGIN: &str = env!("CARGO_BIN_EXE_protoc-gen-grpcweb");

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap()
}

/// The code blocks of the README in a language.
fn blocks(language: &str) -> Vec<String> {
    let readme = read("README.md");
    let fence = format!("\n```{language}\n");
    readme
        .split(&fence)
        .skip(1)
        .map(|part| part.split_once("\n```\n").unwrap().0.to_owned() + "\n")
        .collect()
}

#[test]
fn the_programs_are_those_of_the_quickstart() {
    let files = ["build.rs", "src/main.rs", "src/bin/quickstart-client.rs"];
    let files = files.map(|file| read(&format!("examples/quickstart/{file}")));
    assert_eq!(blocks("rust"), files);
    assert_eq!(
        blocks("proto"),
        [read("examples/quickstart/proto/hello.proto")]
    );
}

#[test]
fn the_dependencies_are_those_of_the_quickstart() {
    let manifest = read("examples/quickstart/Cargo.toml");
    let from = manifest.find("[dependencies]").unwrap();
    let dependencies: Vec<_> = manifest[from..]
        .lines()
        .map(|line| match line.split_once(", path = \"") {
            Some((start, rest)) => start.to_owned() + rest.split_once('"').unwrap().1,
            None => line.to_owned(),
        })
        .collect();
    assert_eq!(blocks("toml"), [dependencies.join("\n") + "\n"]);
}

#[test]
fn the_command_for_protoc_writes_the_module() {
    let commands = blocks("sh").concat();
    let command = commands
        .lines()
        .find(|line| line.starts_with("protoc "))
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("proto")).unwrap();
    fs::create_dir_all(dir.path().join("src/proto")).unwrap();
    fs::write(dir.path().join("proto/hello.proto"), &blocks("proto")[0]).unwrap();

    let status = Command::new(protoc_bin_vendored::protoc_bin_path().unwrap())
        .args(command.split(' ').skip(1))
        .env("PATH", Path::new(PLUGIN).parent().unwrap())
        .current_dir(dir.path())
        .status()
        .unwrap();
    assert!(status.success());
    for file in ["src/proto/mod.rs", "src/proto/hello.rs"] {
        assert!(dir.path().join(file).exists(), "{file}");
    }
}
