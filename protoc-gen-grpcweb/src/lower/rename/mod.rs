//! Names that are fine in a `.proto` file and one and the same, or none at all, in Rust. All but the
//! first of them get another name in Rust; on the wire they keep theirs.

mod renamed;
mod unique;

use std::collections::{BTreeMap, HashMap, HashSet};

use heck::{ToSnakeCase as _, ToUpperCamelCase as _};
use prost_build::Module;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FileDescriptorProto, ServiceDescriptorProto,
};

use super::is_map_entry;
pub(crate) use renamed::Renamed;
use unique::{UNDERSCORE, unique, unique_but};

/// Renames what has to be renamed. `is_extern` says which types are not generated.
pub(super) fn rename(
    files: &mut [FileDescriptorProto],
    is_extern: impl Fn(&str) -> bool,
) -> Renamed {
    let mut renaming = Renaming {
        renamed: Renamed::default(),
        all_values: value_names(files),
        is_extern: &is_extern,
        scopes: HashMap::new(),
    };
    let packages = renaming.packages(files);
    for file in files.iter_mut() {
        renaming.file(file, &packages);
    }
    let mut renamed = renaming.renamed;
    for file in files {
        refer(file, &renamed.types);
    }
    renamed.report.sort();
    renamed
}

struct Renaming<'a> {
    renamed: Renamed,
    /// The names of all values of all enums.
    all_values: HashSet<String>,
    is_extern: &'a dyn Fn(&str) -> bool,
    /// What is taken at the top of each package, which may have several files.
    scopes: HashMap<Module, Scope>,
}

#[derive(Default)]
struct Scope {
    types: HashSet<String>,
    services: HashSet<String>,
}

impl Renaming<'_> {
    /// Finds packages whose module is that of a message, and notes every module of every package. The
    /// new names of packages, by the old ones.
    fn packages(&mut self, files: &[FileDescriptorProto]) -> HashMap<String, String> {
        let mut of_messages = HashMap::new();
        for file in files {
            let parent: Vec<_> = snake_parts(file.package());
            for message in file.message_type.iter().filter(|m| has_module(m)) {
                if (self.is_extern)(&full_name(file.package(), message.name())) {
                    continue;
                }
                let module = message.name().to_snake_case();
                self.note_module(&parent, module.clone());
                let path = [&parent[..], &[module]].concat();
                of_messages.insert(path, format!("{}.{}", file.package(), message.name()));
            }
        }
        let mut packages = HashMap::new();
        for file in files {
            let mut new: Vec<String> = file.package().split('.').map(str::to_owned).collect();
            for part in &mut new {
                if part.starts_with('_') && part.to_snake_case().is_empty() {
                    UNDERSCORE.clone_into(part);
                    self.renamed.report.push(format!(
                        "{}: package {}: a part has no letters, and becomes {UNDERSCORE} in Rust",
                        file.name(),
                        file.package(),
                    ));
                }
            }
            let old = snake_parts(file.package());
            for depth in 1..=old.len() {
                let path = old.get(..depth).unwrap_or_default();
                if let (Some(message), Some(part)) = (of_messages.get(path), new.get_mut(depth - 1))
                {
                    part.push_str("_package");
                    self.renamed.report.push(format!(
                        "{}: package {}: the module of the message {message} has the name of the \
                         package, which becomes {part} in Rust",
                        file.name(),
                        file.package(),
                    ));
                }
            }
            for (depth, part) in new.iter().enumerate() {
                let parent = snake_parts(&new.get(..depth).unwrap_or_default().join("."));
                self.note_module(&parent, part.to_snake_case());
            }
            packages.insert(file.package().to_owned(), new.join("."));
        }
        packages
    }

    fn note_module(&mut self, parent: &[String], module: String) {
        let parent = Module::from_protobuf_package_name(&parent.join("."));
        self.renamed
            .modules
            .entry(parent)
            .or_default()
            .insert(module);
    }

    fn file(&mut self, file: &mut FileDescriptorProto, packages: &HashMap<String, String>) {
        let old = file.package().to_owned();
        let new = packages.get(&old).unwrap_or(&old).clone();
        let place = file.name().to_owned();
        if new != old {
            file.package = Some(new.clone());
            self.note_type(&format!(".{old}"), &format!(".{new}"));
        }
        let module = Module::from_protobuf_package_name(&new);
        let mut scope = self.scopes.remove(&module).unwrap_or_default();
        self.types(
            &place,
            (&dotted(&old), &dotted(&new)),
            &mut file.message_type,
            &mut file.enum_type,
            &mut scope.types,
        );
        for service in &mut file.service {
            self.service(&place, (&old, &new), service, &mut scope.services);
        }
        self.scopes.insert(module, scope);
    }

    /// Renames the types at one place, and what is in them. `parents` is the full name of the place,
    /// old and new.
    fn types(
        &mut self,
        file: &str,
        parents: (&str, &str),
        messages: &mut [DescriptorProto],
        enums: &mut [EnumDescriptorProto],
        taken: &mut HashSet<String>,
    ) {
        let is_extern = self.is_extern;
        let names: Vec<_> = messages
            .iter_mut()
            .filter(|message| !is_map_entry(message))
            .map(|message| &mut message.name)
            .chain(enums.iter_mut().map(|enumeration| &mut enumeration.name))
            .filter_map(Option::as_mut)
            .filter(|name| !is_extern(&format!("{}.{name}", parents.0)))
            .collect();
        for (old, new) in unique(names, taken, type_key) {
            self.renamed.report.push(format!(
                "{file}: the type {}.{old} has no name of its own in Rust, and becomes {new}",
                parents.0.trim_start_matches('.'),
            ));
            self.note_type(
                &format!("{}.{old}", parents.0),
                &format!("{}.{new}", parents.1),
            );
        }
        for enumeration in enums {
            self.values(file, enumeration);
        }
        for message in messages {
            let new = format!("{}.{}", parents.1, message.name());
            let old = self.old_name(parents, message.name());
            self.message(file, (&old, &new), message);
        }
    }

    /// The full name in the `.proto` file of what has this name in Rust.
    fn old_name(&self, parents: (&str, &str), new: &str) -> String {
        let new = format!("{}.{new}", parents.1);
        let renamed = self.renamed.types.iter().find(|(_, name)| **name == new);
        match renamed {
            Some((old, _)) => old.clone(),
            None => format!(
                "{}{}",
                parents.0,
                new.get(parents.1.len()..).unwrap_or_default()
            ),
        }
    }

    fn message(&mut self, file: &str, names: (&str, &str), message: &mut DescriptorProto) {
        self.fields(file, names.0, message);
        let mut taken = HashSet::new();
        self.types(
            file,
            names,
            &mut message.nested_type,
            &mut message.enum_type,
            &mut taken,
        );
    }

    fn fields(&mut self, file: &str, message_name: &str, message: &mut DescriptorProto) {
        let keyword_maps: HashSet<String> = message
            .field
            .iter()
            .filter(|field| is_keyword(field.name()) && is_map_of_enum(message, field.type_name()))
            .map(|field| field.name().to_owned())
            .collect();
        let oneofs_in_use: HashSet<i32> = message
            .field
            .iter()
            .filter(|field| !field.proto3_optional())
            .filter_map(|field| field.oneof_index)
            .collect();

        let mut members = BTreeMap::<i32, Vec<&mut String>>::new();
        let mut names = Vec::new();
        for field in &mut message.field {
            let oneof = field.oneof_index.filter(|_| !field.proto3_optional());
            let Some(name) = &mut field.name else {
                continue;
            };
            if keyword_maps.contains(name) {
                name.push_str("_map");
            }
            match oneof {
                Some(oneof) => members.entry(oneof).or_default().push(name),
                None => names.push(name),
            }
        }
        for (index, oneof) in (0..).zip(&mut message.oneof_decl) {
            if oneofs_in_use.contains(&index) {
                names.extend(&mut oneof.name);
            }
        }
        let mut changes = unique(names, &mut HashSet::new(), |name| name.to_snake_case());
        for names in members.into_values() {
            changes.extend(unique(names, &mut HashSet::new(), |name| {
                name.to_upper_camel_case()
            }));
        }
        for (old, new) in changes {
            self.renamed.report.push(format!(
                "{file}: the field {old} of {} has no name of its own in Rust, and becomes {new}",
                message_name.trim_start_matches('.'),
            ));
        }
    }

    /// Renames the values of an enum, of those with the same number only the first: the others have
    /// no variant.
    fn values(&mut self, file: &str, enumeration: &mut EnumDescriptorProto) {
        let prefix = enumeration.name().to_upper_camel_case();
        let mut numbers = HashSet::new();
        let names: Vec<_> = enumeration
            .value
            .iter_mut()
            .filter(|value| numbers.insert(value.number()))
            .filter_map(|value| value.name.as_mut())
            .collect();
        let all = &self.all_values;
        let key = |name: &str| variant(&prefix, name);
        let changes = unique_but(names, &mut HashSet::new(), key, |new| all.contains(new));
        for (old, new) in changes {
            self.renamed.report.push(format!(
                "{file}: the value {old} of the enum {} has no name of its own in Rust, and \
                 becomes {new}",
                enumeration.name()
            ));
            self.all_values.insert(new.clone());
            self.renamed.values.insert(new, old);
        }
    }

    fn service(
        &mut self,
        file: &str,
        packages: (&str, &str),
        service: &mut ServiceDescriptorProto,
        taken: &mut HashSet<String>,
    ) {
        let old_name = full_name(packages.0, service.name());
        let old_name = old_name.trim_start_matches('.').to_owned();
        for (old, new) in unique(service.name.as_mut(), taken, |name| name.to_snake_case()) {
            self.renamed.report.push(format!(
                "{file}: the service {old} has no name of its own in Rust, and becomes {new}"
            ));
        }
        let new_name = full_name(packages.1, service.name());
        let new_name = new_name.trim_start_matches('.');
        if new_name != old_name {
            self.renamed
                .wire
                .insert(new_name.to_owned(), old_name.clone());
        }

        let names = service.method.iter_mut().filter_map(|m| m.name.as_mut());
        for (old, new) in unique(names, &mut HashSet::new(), |name| name.to_snake_case()) {
            self.renamed.report.push(format!(
                "{file}: the method {old} of the service {old_name} has no name of its own in \
                 Rust, and becomes {new}"
            ));
            self.renamed.wire.insert(format!("{new_name}/{new}"), old);
        }
    }

    fn note_type(&mut self, old: &str, new: &str) {
        self.renamed.types.insert(old.to_owned(), new.to_owned());
    }
}

/// The variant that prost-build makes of a value: without the name of the enum before it.
fn variant(prefix: &str, name: &str) -> String {
    let camel = name.to_upper_camel_case();
    match camel.strip_prefix(prefix) {
        Some(rest) if rest.starts_with(char::is_uppercase) => rest.to_owned(),
        _ => camel,
    }
}

fn value_names(files: &[FileDescriptorProto]) -> HashSet<String> {
    fn of(enums: &[EnumDescriptorProto], names: &mut HashSet<String>) {
        let values = enums.iter().flat_map(|enumeration| &enumeration.value);
        names.extend(values.map(|value| value.name().to_owned()));
    }
    fn within(messages: &[DescriptorProto], names: &mut HashSet<String>) {
        for message in messages {
            of(&message.enum_type, names);
            within(&message.nested_type, names);
        }
    }
    let mut names = HashSet::new();
    for file in files {
        of(&file.enum_type, &mut names);
        within(&file.message_type, &mut names);
    }
    names
}

/// What a type is told from others by. One without letters could not be told from its own module.
fn type_key(name: &str) -> String {
    let camel = name.to_upper_camel_case();
    if camel == name.to_snake_case() {
        String::new()
    } else {
        camel
    }
}

/// Makes whatever refers to a type refer to its new name.
fn refer(file: &mut FileDescriptorProto, types: &BTreeMap<String, String>) {
    if types.is_empty() {
        return;
    }
    let renamed = Renamed {
        types: types.clone(),
        ..Renamed::default()
    };
    let change = |name: &mut Option<String>| {
        if let Some(name) = name {
            *name = renamed.path(name);
        }
    };
    for message in &mut file.message_type {
        refer_in(message, &change);
    }
    for method in file.service.iter_mut().flat_map(|s| &mut s.method) {
        change(&mut method.input_type);
        change(&mut method.output_type);
    }
}

fn refer_in(message: &mut DescriptorProto, change: &impl Fn(&mut Option<String>)) {
    for field in &mut message.field {
        change(&mut field.type_name);
    }
    for nested in &mut message.nested_type {
        refer_in(nested, change);
    }
}

/// Whether prost-build makes a module for what is in the message.
fn has_module(message: &DescriptorProto) -> bool {
    !message.enum_type.is_empty()
        || message
            .nested_type
            .iter()
            .any(|nested| !is_map_entry(nested))
        || message
            .field
            .iter()
            .any(|field| field.oneof_index.is_some() && !field.proto3_optional())
}

/// prost makes a function `get_{name}` for such a field, and cannot for a raw identifier.
fn is_map_of_enum(message: &DescriptorProto, type_name: &str) -> bool {
    message.nested_type.iter().any(|entry| {
        is_map_entry(entry)
            && type_name.ends_with(&format!(".{}", entry.name()))
            && entry.field.iter().any(|value| {
                value.number() == 2
                    && value.r#type() == Type::Enum
                    && value.label() != Label::Repeated
            })
    })
}

fn is_keyword(name: &str) -> bool {
    let module = Module::from_protobuf_package_name(name);
    module.parts().any(|part| part.starts_with("r#"))
}

fn snake_parts(package: &str) -> Vec<String> {
    package
        .split('.')
        .filter(|part| !part.is_empty())
        .map(|part| part.to_snake_case())
        .collect()
}

/// A package as the beginning of the full names in it.
fn dotted(package: &str) -> String {
    if package.is_empty() {
        String::new()
    } else {
        format!(".{package}")
    }
}

fn full_name(package: &str, name: &str) -> String {
    format!("{}.{name}", dotted(package))
}
