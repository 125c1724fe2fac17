use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::generate::{self, Selection};
use crate::lower::Descriptors;
use crate::options::Options;
use crate::{Error, protoc};

/// Starts the settings of a build script.
///
/// ```no_run
/// protoc_gen_grpcweb::configure()
///     .build_server(false)
///     .compile_protos(&["proto/helloworld.proto"], &["proto"])?;
/// # Ok::<(), protoc_gen_grpcweb::Error>(())
/// ```
pub fn configure() -> Builder {
    Builder {
        options: Options::default(),
        out_dir: None,
    }
}

/// Generates code for `.proto` files with the default settings: see [`Builder::compile_protos`].
///
/// # Errors
///
/// As [`Builder::compile_protos`].
pub fn compile_protos(proto: impl AsRef<Path>) -> Result<(), Error> {
    let proto = proto.as_ref();
    let include = proto.parent().filter(|dir| !dir.as_os_str().is_empty());
    configure().compile_protos(&[proto], &[include.unwrap_or(Path::new("."))])
}

/// Settings of a build script, and the call that does the work.
#[derive(Debug, Clone)]
#[must_use = "settings do nothing until `compile_protos` is called"]
pub struct Builder {
    options: Options,
    out_dir: Option<PathBuf>,
}

impl Builder {
    /// Whether to generate clients: `true` unless set.
    pub fn build_client(mut self, enable: bool) -> Self {
        self.options.build_client = enable;
        self
    }

    /// Whether to generate service traits and servers: `true` unless set.
    pub fn build_server(mut self, enable: bool) -> Self {
        self.options.build_server = enable;
        self
    }

    /// The name of the file that ties the packages together as modules: `mod.rs` unless set. Needed
    /// where a build script compiles more than once into the same directory.
    pub fn include_file(mut self, name: impl Into<String>) -> Self {
        self.options.include_file = name.into();
        self
    }

    /// Uses the Rust type or module at `rust_path` for what is at `proto_path`, and generates nothing
    /// for it: see [`prost_build::Config::extern_path`].
    pub fn extern_path(
        mut self,
        proto_path: impl Into<String>,
        rust_path: impl Into<String>,
    ) -> Self {
        let path = (proto_path.into(), rust_path.into());
        self.options.extern_paths.push(path);
        self
    }

    /// Puts an attribute on messages, enums and oneofs: see
    /// [`prost_build::Config::type_attribute`].
    pub fn type_attribute(
        mut self,
        proto_path: impl Into<String>,
        attribute: impl Into<String>,
    ) -> Self {
        let attribute = (proto_path.into(), attribute.into());
        self.options.type_attributes.push(attribute);
        self
    }

    /// Puts an attribute on fields: see [`prost_build::Config::field_attribute`].
    pub fn field_attribute(
        mut self,
        proto_path: impl Into<String>,
        attribute: impl Into<String>,
    ) -> Self {
        let attribute = (proto_path.into(), attribute.into());
        self.options.field_attributes.push(attribute);
        self
    }

    /// Uses `bytes::Bytes` for the fields of type `bytes` below a path: see
    /// [`prost_build::Config::bytes`].
    pub fn bytes(mut self, proto_path: impl Into<String>) -> Self {
        self.options.bytes.push(proto_path.into());
        self
    }

    /// Uses `BTreeMap` for the map fields below a path: see [`prost_build::Config::btree_map`].
    pub fn btree_map(mut self, proto_path: impl Into<String>) -> Self {
        self.options.btree_map.push(proto_path.into());
        self
    }

    /// The directory for the generated files: `OUT_DIR` of the build script unless set.
    pub fn out_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(dir.into());
        self
    }

    /// Generates code for `protos` and for what they import, which is looked up below `includes`: a
    /// file for each package, and the one that ties them together for
    /// `grpcweb_runtime::include_protos!`. Files that would not change are not written.
    ///
    /// Tells cargo to run the build script again when one of the `.proto` files changes, imported
    /// ones included.
    ///
    /// # Errors
    ///
    /// Where `protoc` refuses a file (with its own words), where Rust cannot express a service, and
    /// where a file cannot be read or written.
    pub fn compile_protos(
        self,
        protos: &[impl AsRef<Path>],
        includes: &[impl AsRef<Path>],
    ) -> Result<(), Error> {
        let out_dir = match self.out_dir {
            Some(dir) => dir,
            None => env::var_os("OUT_DIR").map(PathBuf::from).ok_or_else(|| {
                Error::new("OUT_DIR is not set: call this from a build script, or set `out_dir`")
            })?,
        };
        let descriptors = protoc::descriptors(protos, includes)?;
        rerun_if_changed(&descriptors, includes);
        let generated = generate::generate(descriptors, Selection::All, &self.options)?;
        for warning in generated.warnings {
            println!("cargo::warning={warning}");
        }
        for file in generated.files {
            write_if_changed(&out_dir.join(file.name), &file.content)?;
        }
        Ok(())
    }
}

/// Names every file that went in, to cargo. Those that come with `protoc` are not on the disk of the
/// user and cannot change.
fn rerun_if_changed(descriptors: &Descriptors, includes: &[impl AsRef<Path>]) {
    println!("cargo::rerun-if-env-changed={}", protoc::PROTOC);
    for file in &descriptors.files {
        let found = includes
            .iter()
            .map(|include| include.as_ref().join(file.name()))
            .find(|path| path.exists());
        if let Some(path) = found {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
}

fn write_if_changed(path: &Path, content: &str) -> Result<(), Error> {
    if fs::read(path).is_ok_and(|old| old == content.as_bytes()) {
        return Ok(());
    }
    fs::write(path, content)
        .map_err(|error| Error::with_source(format!("cannot write {}", path.display()), error))
}
