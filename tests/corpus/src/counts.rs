//! What is in a set.

use std::fs;
use std::path::Path;
use std::process::Command;

use prost::Message as _;
use prost_types::FileDescriptorSet;

use crate::Result;
use crate::generate::paths;

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) files: u64,
    pub(crate) services: u64,
    pub(crate) methods: u64,
}

/// Counts what code is generated for: the files of the set and what they import, but not the
/// well-known types.
pub(crate) fn of(set: &Path) -> Result<Counts> {
    let descriptors = set.join("descriptors.binpb");
    let mut protoc = Command::new(protoc_bin_vendored::protoc_bin_path()?);
    protoc.arg("--include_imports").arg("-o").arg(&descriptors);
    for include in paths(set, "includes")? {
        protoc.arg("-I").arg(include);
    }
    protoc.arg("-I").arg(protoc_bin_vendored::include_path()?);
    let output = protoc.args(paths(set, "files")?).output()?;
    if !output.status.success() {
        return Err(format!(
            "{}: {}",
            set.display(),
            String::from_utf8_lossy(&output.stderr)
        )
        .into());
    }
    let descriptors = FileDescriptorSet::decode(fs::read(descriptors)?.as_slice())?;
    let mut counts = Counts::default();
    for file in descriptors
        .file
        .iter()
        .filter(|file| file.package() != "google.protobuf")
    {
        counts.files += 1;
        counts.services += file.service.len() as u64;
        for service in &file.service {
            counts.methods += service.method.len() as u64;
        }
    }
    Ok(counts)
}
