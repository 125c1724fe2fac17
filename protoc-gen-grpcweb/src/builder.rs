use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::generate::{self, Selection};
use crate::lower::Descriptors;
use crate::options::Options;
use crate::output::{Output, write_if_changed};
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
        tidy: false,
        check: false,
        protoc_args: Vec::new(),
        file_descriptor_set_path: None,
        emit_rerun_if_changed: true,
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
    tidy: bool,
    check: bool,
    protoc_args: Vec<OsString>,
    file_descriptor_set_path: Option<PathBuf>,
    emit_rerun_if_changed: bool,
}

impl Builder {
    /// Whether to generate clients: `true` unless set.
    pub fn build_client(mut self, enable: bool) -> Self {
        self.options.build_client = enable;
        self
    }

    /// Whether to generate blocking clients, as in `greeter_client::GreeterBlockingClient`, beside or instead
    /// of the others: `false` unless set. They need the feature `blocking` of `grpcweb-runtime`.
    pub fn build_blocking_client(mut self, enable: bool) -> Self {
        self.options.build_blocking_client = enable;
        self
    }

    /// Whether to generate service traits and servers: `true` unless set.
    pub fn build_server(mut self, enable: bool) -> Self {
        self.options.build_server = enable;
        self
    }

    /// Whether methods that are not implemented answer `UNIMPLEMENTED`: `false` unless set, and then such
    /// a service does not compile.
    pub fn generate_default_stubs(mut self, enable: bool) -> Self {
        self.options.generate_default_stubs = enable;
        self
    }

    /// Puts clients behind a feature of your crate.
    pub fn client_feature(mut self, feature: impl Into<String>) -> Self {
        self.options.client_feature = Some(feature.into());
        self
    }

    /// Puts service traits and servers behind a feature of your crate.
    pub fn server_feature(mut self, feature: impl Into<String>) -> Self {
        self.options.server_feature = Some(feature.into());
        self
    }

    /// Generates only the services at or below a path, as in `.pkg` or `.pkg.Service`. Several add up.
    pub fn include_service(mut self, proto_path: impl Into<String>) -> Self {
        self.options.include_service.push(proto_path.into());
        self
    }

    /// Does not generate the services at or below a path.
    pub fn exclude_service(mut self, proto_path: impl Into<String>) -> Self {
        self.options.exclude_service.push(proto_path.into());
        self
    }

    /// Puts an attribute on the clients of the services at or below a path.
    pub fn client_attribute(
        mut self,
        proto_path: impl Into<String>,
        attribute: impl Into<String>,
    ) -> Self {
        let pair = (proto_path.into(), attribute.into());
        self.options.client_attributes.push(pair);
        self
    }

    /// Puts an attribute on the modules of those clients.
    pub fn client_mod_attribute(
        mut self,
        proto_path: impl Into<String>,
        attribute: impl Into<String>,
    ) -> Self {
        let pair = (proto_path.into(), attribute.into());
        self.options.client_mod_attributes.push(pair);
        self
    }

    /// Puts an attribute on the servers of the services at or below a path.
    pub fn server_attribute(
        mut self,
        proto_path: impl Into<String>,
        attribute: impl Into<String>,
    ) -> Self {
        let pair = (proto_path.into(), attribute.into());
        self.options.server_attributes.push(pair);
        self
    }

    /// Puts an attribute on the modules of those servers.
    pub fn server_mod_attribute(
        mut self,
        proto_path: impl Into<String>,
        attribute: impl Into<String>,
    ) -> Self {
        let pair = (proto_path.into(), attribute.into());
        self.options.server_mod_attributes.push(pair);
        self
    }

    /// Generates services and no messages, which are in [`messages`](Self::messages).
    pub fn services_only(mut self, enable: bool) -> Self {
        self.options.services_only = enable;
        self
    }

    /// The module that has the messages where [`services_only`](Self::services_only) is set, as in
    /// `crate::pb`: one that this generator or prost-build tied together.
    pub fn messages(mut self, rust_path: impl Into<String>) -> Self {
        self.options.messages = Some(rust_path.into());
        self
    }

    /// The name of the file that ties the packages together as modules: `mod.rs` unless set. Needed
    /// where a build script compiles more than once into the same directory.
    pub fn include_file(mut self, name: impl Into<String>) -> Self {
        self.options.include_file = name.into();
        self
    }

    /// Whether to write the files of the packages alone, and not the one that ties them together:
    /// `false` unless set. For several runs into one directory, after which
    /// [`write_modules`](crate::write_modules) writes it once.
    pub fn package_files_only(mut self, enable: bool) -> Self {
        self.options.package_files_only = enable;
        self
    }

    /// The name of the file for what is in no package, without `.rs`: `_` unless set.
    pub fn default_package_filename(mut self, name: impl Into<String>) -> Self {
        self.options.default_package_filename = name.into();
        self
    }

    /// Whether to put the descriptors of all files, without comments, into a constant
    /// `FILE_DESCRIPTOR_SET` beside the modules: `false` unless set.
    pub fn file_descriptor_set(mut self, enable: bool) -> Self {
        self.options.file_descriptor_set = enable;
        self
    }

    /// Uses the Rust type or module at `rust_path` for what is at `proto_path`, and generates nothing
    /// for it: see [`prost_build::Config::extern_path`].
    pub fn extern_path(
        mut self,
        proto_path: impl Into<String>,
        rust_path: impl Into<String>,
    ) -> Self {
        let pair = (proto_path.into(), rust_path.into());
        self.options.extern_paths.push(pair);
        self
    }

    /// Whether to generate `google.protobuf` instead of using `prost-types`: `false` unless set.
    pub fn compile_well_known_types(mut self, enable: bool) -> Self {
        self.options.compile_well_known_types = enable;
        self
    }

    /// Whether to implement [`prost::Name`] for messages, with their names on the wire: `false` unless
    /// set. Needed for messages that are details of a status.
    pub fn enable_type_names(mut self, enable: bool) -> Self {
        self.options.enable_type_names = enable;
        self
    }

    /// What the type URLs of messages at or below a path begin with, as in `type.googleapis.com`; with
    /// nothing unless set. Of several, the longest path counts. Goes with
    /// [`enable_type_names`](Self::enable_type_names).
    pub fn type_name_domain(
        mut self,
        proto_path: impl Into<String>,
        domain: impl Into<String>,
    ) -> Self {
        let pair = (proto_path.into(), domain.into());
        self.options.type_name_domains.push(pair);
        self
    }

    /// Puts an attribute on messages, enums and oneofs: see
    /// [`prost_build::Config::type_attribute`].
    pub fn type_attribute(
        mut self,
        proto_path: impl Into<String>,
        attribute: impl Into<String>,
    ) -> Self {
        let pair = (proto_path.into(), attribute.into());
        self.options.type_attributes.push(pair);
        self
    }

    /// Puts an attribute on messages: see [`prost_build::Config::message_attribute`].
    pub fn message_attribute(
        mut self,
        proto_path: impl Into<String>,
        attribute: impl Into<String>,
    ) -> Self {
        let pair = (proto_path.into(), attribute.into());
        self.options.message_attributes.push(pair);
        self
    }

    /// Puts an attribute on enums and oneofs: see [`prost_build::Config::enum_attribute`].
    pub fn enum_attribute(
        mut self,
        proto_path: impl Into<String>,
        attribute: impl Into<String>,
    ) -> Self {
        let pair = (proto_path.into(), attribute.into());
        self.options.enum_attributes.push(pair);
        self
    }

    /// Puts an attribute on fields: see [`prost_build::Config::field_attribute`].
    pub fn field_attribute(
        mut self,
        proto_path: impl Into<String>,
        attribute: impl Into<String>,
    ) -> Self {
        let pair = (proto_path.into(), attribute.into());
        self.options.field_attributes.push(pair);
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

    /// Puts the fields at a path into a `Box`: see [`prost_build::Config::boxed`].
    pub fn boxed(mut self, proto_path: impl Into<String>) -> Self {
        self.options.boxed.push(proto_path.into());
        self
    }

    /// Generates a view of each message at or below a path and of all that are in them, which borrows its
    /// fields from the bytes that came. The methods of service traits that take such a message take its
    /// view; clients are as they were. See `grpcweb_runtime::view`.
    pub fn views(mut self, proto_path: impl Into<String>) -> Self {
        self.options.views.push(proto_path.into());
        self
    }

    /// Leaves out the comments of what is at or below a path: messages, fields, services, methods.
    pub fn disable_comments(mut self, proto_path: impl Into<String>) -> Self {
        self.options.disable_comments.push(proto_path.into());
        self
    }

    /// The directory for the generated files: `OUT_DIR` of the build script unless set.
    pub fn out_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(dir.into());
        self
    }

    /// Generates into a directory of your sources, for code that is checked in: what an earlier run
    /// wrote there for a package that is gone is removed.
    pub fn generate_to(mut self, dir: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(dir.into());
        self.tidy = true;
        self
    }

    /// Whether to write nothing and fail where what is in the directory is not what would be written:
    /// for a test of code that is checked in.
    pub fn check(mut self, enable: bool) -> Self {
        self.check = enable;
        self
    }

    /// Adds an argument for `protoc`.
    pub fn protoc_arg(mut self, arg: impl Into<OsString>) -> Self {
        self.protoc_args.push(arg.into());
        self
    }

    /// Writes what `protoc` said about the files, and those that they import, as an encoded
    /// `google.protobuf.FileDescriptorSet`.
    pub fn file_descriptor_set_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.file_descriptor_set_path = Some(path.into());
        self
    }

    /// Whether to tell cargo which files the build script is to be run again for: `true` unless set.
    pub fn emit_rerun_if_changed(mut self, enable: bool) -> Self {
        self.emit_rerun_if_changed = enable;
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
        let set = protoc::descriptor_set(protos, includes, &self.protoc_args)?;
        if let Some(path) = &self.file_descriptor_set_path {
            write_if_changed(path, &set)?;
        }
        let descriptors = descriptors(&set)?;
        if self.emit_rerun_if_changed {
            rerun_if_changed(&descriptors, includes);
        }
        self.generate(descriptors)
    }

    /// Generates code for all files in an encoded `google.protobuf.FileDescriptorSet`, which was made
    /// with `--include_imports` and, for the comments, `--include_source_info`: by `protoc`, `buf
    /// build`, Bazel or `protox`. Encoded, because `prost_types` would lose what editions add.
    ///
    /// # Errors
    ///
    /// Where the bytes are no such set, and as [`compile_protos`](Self::compile_protos).
    pub fn compile_fds(self, set: impl AsRef<[u8]>) -> Result<(), Error> {
        let descriptors = descriptors(set.as_ref())?;
        self.generate(descriptors)
    }

    fn generate(self, descriptors: Descriptors) -> Result<(), Error> {
        let out_dir = match self.out_dir {
            Some(dir) => dir,
            None => env::var_os("OUT_DIR").map(PathBuf::from).ok_or_else(|| {
                Error::new("OUT_DIR is not set: call this from a build script, or set `out_dir`")
            })?,
        };
        let generated = generate::generate(descriptors, Selection::All, &self.options)?;
        for warning in generated.warnings {
            println!("cargo::warning={warning}");
        }
        let output = Output::new(&out_dir, &generated.files);
        if self.check {
            output.check(self.tidy)
        } else {
            output.write(self.tidy)
        }
    }
}

fn descriptors(set: &[u8]) -> Result<Descriptors, Error> {
    Descriptors::from_set(set).map_err(|error| {
        Error::with_source(
            "what should be a FileDescriptorSet is something else",
            error,
        )
    })
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
