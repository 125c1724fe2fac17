//! The Rust path of each type of a file, one by one: prost-build can take a package as a whole, but
//! then loses the names that are keywords.

use heck::ToUpperCamelCase as _;
use prost_build::Module;
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};

/// The proto path of every type of a file, with its Rust path below `module`.
pub(super) fn paths(file: &FileDescriptorProto, module: &str) -> Vec<(String, String)> {
    let proto = match file.package() {
        "" => String::new(),
        package => format!(".{package}"),
    };
    let mut paths = Vec::new();
    add(
        &file.message_type,
        &file.enum_type,
        &proto,
        module,
        &mut paths,
    );
    paths
}

fn add(
    messages: &[DescriptorProto],
    enums: &[EnumDescriptorProto],
    proto: &str,
    module: &str,
    paths: &mut Vec<(String, String)>,
) {
    for message in messages {
        let name = message.name();
        let proto = format!("{proto}.{name}");
        let inner = format!("{module}::{}", Module::from_protobuf_package_name(name));
        add(
            &message.nested_type,
            &message.enum_type,
            &proto,
            &inner,
            paths,
        );
        paths.push((proto, format!("{module}::{}", type_name(name))));
    }
    for name in enums.iter().map(|enumeration| enumeration.name()) {
        paths.push((
            format!("{proto}.{name}"),
            format!("{module}::{}", type_name(name)),
        ));
    }
}

/// The name of a type as prost-build writes it.
pub(crate) fn type_name(name: &str) -> String {
    match name.to_upper_camel_case().as_str() {
        "Self" => "Self_".to_owned(),
        name if name.starts_with(|c: char| c.is_ascii_digit()) => format!("_{name}"),
        name => name.to_owned(),
    }
}
