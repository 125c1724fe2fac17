//! The generators.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generator {
    /// prost-build alone, which has no services: what the generation of the others is compared with.
    Prost,
    /// Ours, without clients and servers: what the code of the others is compared with.
    Messages,
    Ours,
    Tonic,
}

impl Generator {
    pub(crate) const ALL: [Self; 4] = [Self::Prost, Self::Messages, Self::Ours, Self::Tonic];

    pub(crate) fn named(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|generator| generator.name() == name)
            .ok_or_else(|| format!("there is no generator {name}").into())
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Prost => "prost",
            Self::Messages => "messages",
            Self::Ours => "ours",
            Self::Tonic => "tonic",
        }
    }

    /// Whether it is another's, whose failures are its own.
    pub(crate) fn is_a_peer(self) -> bool {
        matches!(self, Self::Prost | Self::Tonic)
    }

    /// Whether what it generates is compiled. The messages of prost-build are those of the others.
    pub(crate) fn is_compiled(self) -> bool {
        self != Self::Prost
    }

    /// What the generated code stands on.
    pub(crate) fn dependencies(self, runtime: &Path) -> String {
        match self {
            Self::Messages | Self::Ours => format!(
                "grpcweb-runtime = {{ path = {:?}, default-features = false }}\n",
                runtime
            ),
            Self::Prost => String::new(),
            Self::Tonic => "prost = \"0.14\"\n\
                            prost-types = \"0.14\"\n\
                            tonic = \"0.14\"\n\
                            tonic-prost = \"0.14\"\n"
                .to_owned(),
        }
    }
}

/// A set as `sets.sh` leaves it: `files` and `includes`, a path on each line.
pub(crate) fn paths(set: &Path, name: &str) -> Result<Vec<PathBuf>> {
    Ok(fs::read_to_string(set.join(name))?
        .lines()
        .map(PathBuf::from)
        .collect())
}

pub(crate) fn generate(generator: &str, set: &Path, out: &Path) -> Result<()> {
    let files = paths(set, "files")?;
    let mut includes = paths(set, "includes")?;
    match Generator::named(generator)? {
        Generator::Prost => {
            includes.push(protoc_bin_vendored::include_path()?);
            prost_build::Config::new()
                .out_dir(out)
                .include_file("mod.rs")
                .compile_protos(&files, &includes)?;
        }
        Generator::Messages => protoc_gen_grpcweb::configure()
            .build_client(false)
            .build_server(false)
            .out_dir(out)
            .compile_protos(&files, &includes)?,
        Generator::Ours => protoc_gen_grpcweb::configure()
            .out_dir(out)
            .compile_protos(&files, &includes)?,
        Generator::Tonic => {
            includes.push(protoc_bin_vendored::include_path()?);
            tonic_prost_build::configure()
                .out_dir(out)
                .include_file("mod.rs")
                .compile_protos(&files, &includes)?;
        }
    }
    Ok(())
}
