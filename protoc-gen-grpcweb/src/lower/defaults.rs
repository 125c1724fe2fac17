//! Default values that name an alias of an enum value, for which prost-build has no variant.

use std::collections::HashMap;

use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};

/// The value that stands for each alias, by the full name of the enum and the name of the alias.
type Aliases = HashMap<(String, String), String>;

/// Makes defaults name the first value with their number.
pub(super) fn lower(files: &mut [FileDescriptorProto]) {
    let mut aliases = Aliases::new();
    for file in files.iter() {
        let scope = match file.package() {
            "" => String::new(),
            package => format!(".{package}"),
        };
        collect(&file.message_type, &file.enum_type, &scope, &mut aliases);
    }
    if aliases.is_empty() {
        return;
    }
    for message in files.iter_mut().flat_map(|file| &mut file.message_type) {
        replace(message, &aliases);
    }
}

fn collect(
    messages: &[DescriptorProto],
    enums: &[EnumDescriptorProto],
    scope: &str,
    aliases: &mut Aliases,
) {
    for enumeration in enums {
        let mut first = HashMap::new();
        for value in &enumeration.value {
            let own = value.name();
            let name = *first.entry(value.number()).or_insert(own);
            if name != own {
                let enumeration = format!("{scope}.{}", enumeration.name());
                aliases.insert((enumeration, own.to_owned()), name.to_owned());
            }
        }
    }
    for message in messages {
        let scope = format!("{scope}.{}", message.name());
        collect(&message.nested_type, &message.enum_type, &scope, aliases);
    }
}

fn replace(message: &mut DescriptorProto, aliases: &Aliases) {
    for field in &mut message.field {
        let type_name = field.type_name().to_owned();
        if let Some(default) = &mut field.default_value {
            if let Some(value) = aliases.get(&(type_name, default.clone())) {
                default.clone_from(value);
            }
        }
    }
    for nested in &mut message.nested_type {
        replace(nested, aliases);
    }
}
