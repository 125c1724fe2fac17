//! The types that `prost_types` has, one by one.
//!
//! prost-build on its own takes the whole of `google.protobuf` for one crate, and with it every package
//! below that name which is somebody else's.

use prost_types::FileDescriptorProto;

use super::types;

/// Where generated code finds prost and its types, so that a user's crate needs neither among its own
/// dependencies.
pub(crate) const PROST: &str = "::grpcweb_runtime::codegen::prost";
const PROST_TYPES: &str = "::grpcweb_runtime::codegen::prost_types";

/// The files whose types are in `prost_types`, with the module that they are in.
const FILES: [(&str, &str); 12] = [
    ("google/protobuf/any.proto", ""),
    ("google/protobuf/api.proto", ""),
    ("google/protobuf/compiler/plugin.proto", "::compiler"),
    ("google/protobuf/descriptor.proto", ""),
    ("google/protobuf/duration.proto", ""),
    ("google/protobuf/empty.proto", ""),
    ("google/protobuf/field_mask.proto", ""),
    ("google/protobuf/source_context.proto", ""),
    ("google/protobuf/struct.proto", ""),
    ("google/protobuf/timestamp.proto", ""),
    ("google/protobuf/type.proto", ""),
    ("google/protobuf/wrappers.proto", ""),
];

/// The proto paths of the well-known types in `files`, each with its Rust path.
pub(super) fn extern_paths(files: &[FileDescriptorProto]) -> Vec<(String, String)> {
    files
        .iter()
        .filter_map(|file| {
            let (_, module) = FILES.iter().find(|(name, _)| *name == file.name())?;
            Some(types::paths(file, &format!("{PROST_TYPES}{module}")))
        })
        .flatten()
        .map(|(proto, rust)| {
            let rust = native(&proto).unwrap_or(rust);
            (proto, rust)
        })
        .collect()
}

/// The Rust type that stands for a message of one value, or of none.
fn native(proto: &str) -> Option<String> {
    let path = match proto.strip_prefix(".google.protobuf.")? {
        "Empty" => "()".to_owned(),
        "BoolValue" => "bool".to_owned(),
        "DoubleValue" => "f64".to_owned(),
        "FloatValue" => "f32".to_owned(),
        "Int32Value" => "i32".to_owned(),
        "Int64Value" => "i64".to_owned(),
        "UInt32Value" => "u32".to_owned(),
        "UInt64Value" => "u64".to_owned(),
        "StringValue" => format!("{PROST}::alloc::string::String"),
        "BytesValue" => format!("{PROST}::alloc::vec::Vec<u8>"),
        _ => return None,
    };
    Some(path)
}
