//! Running `protoc`.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;

/// The environment variable that names another `protoc` than the one that comes with this crate.
pub(crate) const PROTOC: &str = "PROTOC";

/// Has `protoc` read the files, and what they import: an encoded `FileDescriptorSet`.
pub(crate) fn descriptor_set(
    protos: &[impl AsRef<Path>],
    includes: &[impl AsRef<Path>],
    args: &[OsString],
) -> Result<Vec<u8>, Error> {
    let protoc = executable()?;
    let dir = tempfile::tempdir()
        .map_err(|error| Error::with_source("cannot make a temporary directory", error))?;
    let out = dir.path().join("descriptors.binpb");

    let mut command = Command::new(&protoc);
    command
        .args(["--include_imports", "--include_source_info"])
        .arg("-o")
        .arg(&out);
    for include in includes {
        command.arg("-I").arg(include.as_ref());
    }
    if let Ok(well_known) = protoc_bin_vendored::include_path() {
        command.arg("-I").arg(well_known);
    }
    command.args(args);
    command.args(protos.iter().map(AsRef::as_ref));

    let output = command
        .output()
        .map_err(|error| Error::with_source(format!("cannot run {}", protoc.display()), error))?;
    if !output.status.success() {
        return Err(Error::new(format!(
            "protoc refused the files:\n{}",
            String::from_utf8_lossy(&output.stderr).trim_end()
        )));
    }
    fs::read(&out).map_err(|error| Error::with_source("cannot read what protoc wrote", error))
}

fn executable() -> Result<PathBuf, Error> {
    if let Some(path) = env::var_os(PROTOC) {
        return Ok(path.into());
    }
    protoc_bin_vendored::protoc_bin_path().map_err(|error| {
        Error::with_source(
            format!(
                "set {PROTOC} to the path of a protoc: none comes with this crate for this machine"
            ),
            error,
        )
    })
}
