//! The one pass between `protoc` and prost-build: what prost-build cannot take is put in terms of what
//! it can.

mod comments;
mod defaults;
mod editions;
mod externs;
mod features;
mod raw;
mod rename;
mod type_names;
mod types;
mod well_known;

use prost::Message as _;
use prost_build::Module;
use prost_types::compiler::CodeGeneratorRequest;
use prost_types::{DescriptorProto, FileDescriptorProto, FileDescriptorSet};

use crate::Error;
use crate::options::Options;
pub(crate) use comments::Comments;
pub(crate) use editions::EDITIONS;
pub(crate) use externs::Externs;
pub(crate) use rename::Renamed;
pub(crate) use type_names::TypeNames;
pub(crate) use types::type_name;
pub(crate) use well_known::PROST;

/// Files as `protoc` describes them. The same bytes are read more than once, because `prost_types` does not know
/// editions and features.
#[derive(Debug)]
pub(crate) struct Descriptors {
    pub(crate) files: Vec<FileDescriptorProto>,
    features: Vec<features::File>,
    raw: Vec<Vec<u8>>,
}

impl Descriptors {
    /// Reads a `FileDescriptorSet`.
    pub(crate) fn from_set(bytes: &[u8]) -> Result<Self, prost::DecodeError> {
        Ok(Self {
            files: FileDescriptorSet::decode(bytes)?.file,
            features: features::FileSet::decode(bytes)?.files,
            raw: raw::FileSet::decode(bytes)?.files,
        })
    }

    /// The files as an encoded `FileDescriptorSet`, without comments.
    pub(crate) fn encoded_set(&self) -> Result<Vec<u8>, prost::DecodeError> {
        raw::set_without_comments(&self.raw)
    }

    /// Reads the files of a `CodeGeneratorRequest`, and the request itself without them.
    pub(crate) fn from_request(
        bytes: &[u8],
    ) -> Result<(Self, CodeGeneratorRequest), prost::DecodeError> {
        let mut request = CodeGeneratorRequest::decode(bytes)?;
        let descriptors = Self {
            files: std::mem::take(&mut request.proto_file),
            features: features::Request::decode(bytes)?.files,
            raw: raw::Request::decode(bytes)?.files,
        };
        Ok((descriptors, request))
    }
}

/// Files as prost-build takes them, and what it does not take.
#[derive(Debug)]
pub(crate) struct Lowered {
    pub(crate) files: Vec<FileDescriptorProto>,
    pub(crate) externs: Externs,
    pub(crate) renamed: Renamed,
    pub(crate) comments: Comments,
    /// Empty, unless wanted.
    pub(crate) type_names: TypeNames,
}

/// Lowers all files: those that are generated, and those that they import.
pub(crate) fn lower(descriptors: Descriptors, options: &Options) -> Result<Lowered, Error> {
    check(options)?;
    let Descriptors {
        mut files,
        features,
        ..
    } = descriptors;
    for (file, features) in files.iter_mut().zip(&features) {
        editions::lower(file, features)?;
    }

    let mut externs = Externs::default();
    for (proto, rust) in &options.extern_paths {
        externs.add(proto.clone(), rust.clone());
    }
    if !options.compile_well_known_types {
        for (proto, rust) in well_known::extern_paths(&files) {
            externs.add_where_none(proto, rust);
        }
    }

    defaults::lower(&mut files);
    let mut comments = Comments::default();
    for file in &mut files {
        comments.take(file);
    }
    let type_names = options.enable_type_names.then(|| TypeNames::of(&files));
    let renamed = rename::rename(&mut files, |name| externs.cover(name));
    if let Some(module) = &options.messages {
        elsewhere(&files, module, &mut externs);
    }
    let type_names = type_names.map(|names| names.renamed(&files, |name| externs.cover(name)));
    Ok(Lowered {
        files,
        externs,
        renamed,
        comments,
        type_names: type_names.unwrap_or_default(),
    })
}

/// Finds what options cannot mean.
fn check(options: &Options) -> Result<(), Error> {
    let paths = options.extern_paths.iter().map(|(_, rust)| rust);
    for path in paths.chain(&options.messages) {
        if path.starts_with("super") || path.starts_with("self") {
            return Err(Error::new(format!(
                "the path {path} would mean something else in each module: begin it with crate:: or \
                 with ::"
            )));
        }
    }
    match (options.services_only, &options.messages) {
        (true, None) => Err(Error::new(
            "services_only needs the option messages, the module that has the messages, as in \
             messages=crate::pb",
        )),
        (false, Some(_)) => Err(Error::new(
            "messages says where the messages are if they are not generated: set services_only too",
        )),
        _ if options.package_files_only && options.file_descriptor_set => Err(Error::new(
            "file_descriptor_set puts a constant into the file that package_files_only leaves out",
        )),
        _ if !options.enable_type_names && !options.type_name_domains.is_empty() => Err(
            Error::new("type_name_domain goes with type names: set enable_type_names too"),
        ),
        _ if options.include_file.contains(['/', '\\']) => Err(Error::new(format!(
            "include_file {:?} has to be a name, because the files of the packages are beside it",
            options.include_file
        ))),
        _ => Ok(()),
    }
}

/// Adds the types of all files that have no Rust path yet, in `module`.
fn elsewhere(files: &[FileDescriptorProto], module: &str, externs: &mut Externs) {
    for file in files {
        let package = Module::from_protobuf_package_name(file.package());
        let module = std::iter::once(module)
            .chain(package.parts())
            .collect::<Vec<_>>()
            .join("::");
        for (proto, rust) in types::paths(file, &module) {
            externs.add_where_none(proto, rust);
        }
    }
}

/// Whether a message is made by `protoc`, for a field that is a map.
pub(crate) fn is_map_entry(message: &DescriptorProto) -> bool {
    message.options.as_ref().is_some_and(|o| o.map_entry())
}
