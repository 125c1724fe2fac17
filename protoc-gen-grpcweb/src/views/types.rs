//! The messages and enums of all files, and where they are in Rust.

use std::collections::{HashMap, HashSet};

use prost_build::Module;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
};
use syn::Ident;

use crate::lower::{Externs, is_map_entry, type_name};

/// A message.
pub(super) struct Message {
    /// The full name, with a dot before it.
    pub(super) name: String,
    pub(super) file: String,
    /// The modules of its package.
    pub(super) package: Vec<String>,
    /// The modules that it is in, with those of the package.
    pub(super) modules: Vec<String>,
    /// What it is called there.
    pub(super) rust: String,
    pub(super) descriptor: DescriptorProto,
    pub(super) is_proto2: bool,
    /// What its view is called.
    view: String,
    /// What the views of its oneofs are called, and the oneofs themselves.
    pub(super) oneofs: Vec<(String, String)>,
}

/// An enum.
pub(super) struct Enum {
    modules: Vec<String>,
    rust: String,
    pub(super) descriptor: EnumDescriptorProto,
}

/// All of them.
#[derive(Default)]
pub(super) struct Types {
    messages: Vec<Message>,
    by_name: HashMap<String, usize>,
    enums: HashMap<String, Enum>,
    /// Where types are that are not generated.
    externs: HashMap<String, String>,
    /// What is taken in each module.
    taken: HashMap<Vec<String>, HashSet<String>>,
}

impl Types {
    pub(super) fn of(files: &[FileDescriptorProto], externs: &Externs) -> Self {
        let mut types = Self {
            externs: externs.paths().iter().cloned().collect(),
            ..Self::default()
        };
        for file in files {
            let module = Module::from_protobuf_package_name(file.package());
            let modules: Vec<_> = module.parts().map(str::to_owned).collect();
            let scope = match file.package() {
                "" => String::new(),
                package => format!(".{package}"),
            };
            types.add(
                file,
                &modules,
                &scope,
                &modules,
                &file.message_type,
                &file.enum_type,
            );
        }
        types
    }

    fn add(
        &mut self,
        file: &FileDescriptorProto,
        package: &[String],
        scope: &str,
        modules: &[String],
        messages: &[DescriptorProto],
        enums: &[EnumDescriptorProto],
    ) {
        for enumeration in enums {
            let rust = type_name(enumeration.name());
            self.take(modules, rust.clone());
            let name = format!("{scope}.{}", enumeration.name());
            let enumeration = Enum {
                modules: modules.to_vec(),
                rust,
                descriptor: enumeration.clone(),
            };
            self.enums.insert(name, enumeration);
        }
        for message in messages.iter().filter(|message| !is_map_entry(message)) {
            let rust = type_name(message.name());
            self.take(modules, rust.clone());
            let name = format!("{scope}.{}", message.name());
            let inner = [modules, &[snake(message.name())]].concat();
            self.add(
                file,
                package,
                &name,
                &inner,
                &message.nested_type,
                &message.enum_type,
            );
            let mut oneofs = Vec::new();
            for oneof in &message.oneof_decl {
                let mut rust = type_name(oneof.name());
                // As prost-build has it, with the entries of maps.
                let nested = message.nested_type.iter().map(DescriptorProto::name);
                let enums = message.enum_type.iter().map(EnumDescriptorProto::name);
                if nested.chain(enums).any(|name| type_name(name) == rust) {
                    rust.push_str("OneOf");
                }
                oneofs.push((String::new(), rust));
            }
            for (_, rust) in &oneofs {
                self.take(&inner, rust.clone());
            }
            self.by_name.insert(name.clone(), self.messages.len());
            self.messages.push(Message {
                name,
                file: file.name().to_owned(),
                package: package.to_vec(),
                modules: modules.to_vec(),
                rust,
                descriptor: message.clone(),
                is_proto2: file.syntax() != "proto3",
                view: String::new(),
                oneofs,
            });
        }
    }

    fn take(&mut self, modules: &[String], name: String) {
        self.taken.entry(modules.to_vec()).or_default().insert(name);
    }

    pub(super) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.messages.iter().map(|message| message.name.as_str())
    }

    pub(super) fn message(&self, name: &str) -> Option<&Message> {
        self.messages.get(*self.by_name.get(name)?)
    }

    pub(super) fn enumeration(&self, name: &str) -> Option<&Enum> {
        self.enums.get(name)
    }

    /// The messages that fields of a message hold, in maps too.
    pub(super) fn inner(&self, message: &Message) -> Vec<&Message> {
        let entries = message.descriptor.nested_type.iter();
        let values = entries
            .filter(|nested| is_map_entry(nested))
            .flat_map(|entry| &entry.field);
        message
            .descriptor
            .field
            .iter()
            .chain(values)
            .filter_map(|field| self.message(field.type_name()))
            .collect()
    }

    /// Those of the messages that hold strings or bytes, or messages that do.
    pub(super) fn borrowing(&self, wanted: &HashSet<String>) -> HashSet<String> {
        let mut borrowing = HashSet::new();
        loop {
            let before = borrowing.len();
            for message in wanted.iter().filter_map(|name| self.message(name)) {
                let entries = message.descriptor.nested_type.iter();
                let entries = entries.filter(|nested| is_map_entry(nested));
                let borrows = entries
                    .chain([&message.descriptor])
                    .flat_map(|descriptor| &descriptor.field)
                    .any(|field| match field.r#type() {
                        Type::String | Type::Bytes => true,
                        _ => borrowing.contains(field.type_name()),
                    });
                if borrows {
                    borrowing.insert(message.name.clone());
                }
            }
            if borrowing.len() == before {
                return borrowing;
            }
        }
    }

    /// Whether a field of `outer` that holds one `inner` would hold `outer` again, and so without end.
    pub(super) fn is_recursive(&self, outer: &str, inner: &str) -> bool {
        let mut seen = HashSet::new();
        let mut waiting = vec![inner];
        while let Some(name) = waiting.pop() {
            if name == outer {
                return true;
            }
            if let (true, Some(message)) = (seen.insert(name), self.message(name)) {
                let fields = message.descriptor.field.iter();
                waiting.extend(
                    fields
                        .filter(|field| field.label() != Label::Repeated)
                        .map(|field| field.type_name())
                        .filter(|name| !name.is_empty()),
                );
            }
        }
        false
    }

    /// Gives a name to each view, which no type beside it has.
    pub(super) fn name_views(&mut self, wanted: &HashSet<String>) {
        for message in &mut self.messages {
            if wanted.contains(&message.name) {
                let taken = self.taken.entry(message.modules.clone()).or_default();
                message.view = free(&message.rust, taken);
                let inner = [&message.modules[..], &[snake(message.descriptor.name())]].concat();
                let taken = self.taken.entry(inner).or_default();
                for (view, oneof) in &mut message.oneofs {
                    *view = free(oneof, taken);
                }
            }
        }
    }

    pub(super) fn view_ident(&self, name: &str) -> Option<Ident> {
        syn::parse_str(&self.message(name)?.view).ok()
    }

    /// The path of a view from within `modules`.
    pub(super) fn view_path(&self, name: &str, modules: &[String]) -> Option<String> {
        let message = self.message(name)?;
        Some(relative(modules, &message.modules, &message.view))
    }

    /// The path of a message or an enum from within `modules`.
    pub(super) fn path(&self, name: &str, modules: &[String]) -> Option<String> {
        if let Some(path) = self.extern_path(name) {
            return Some(path);
        }
        let (there, rust) = match (self.message(name), self.enumeration(name)) {
            (Some(message), _) => (&message.modules, &message.rust),
            (None, Some(enumeration)) => (&enumeration.modules, &enumeration.rust),
            (None, None) => return None,
        };
        Some(relative(modules, there, rust))
    }

    /// As prost-build finds it: of several paths that hold, the longest counts.
    fn extern_path(&self, name: &str) -> Option<String> {
        if let Some(path) = self.externs.get(name) {
            return Some(path.clone());
        }
        name.rmatch_indices('.').find_map(|(dot, _)| {
            let rust = self.externs.get(name.get(..dot)?)?;
            let mut parts: Vec<_> = name.get(dot + 1..)?.split('.').collect();
            let last = type_name(parts.pop()?);
            let parts = parts.into_iter().map(snake);
            let path: Vec<_> = std::iter::once(rust.clone())
                .chain(parts)
                .chain([last])
                .collect();
            Some(path.join("::"))
        })
    }
}

/// The first of the names for a view that is not taken, which it takes.
fn free(name: &str, taken: &mut HashSet<String>) -> String {
    let stem = format!("{}View", name.trim_end_matches('_'));
    let mut view = stem.clone();
    for number in 2_u32.. {
        if taken.insert(view.clone()) {
            break;
        }
        view = format!("{stem}{number}");
    }
    view
}

/// A path that holds within `from`, whatever names are there.
pub(super) fn relative(from: &[String], to: &[String], name: &str) -> String {
    let shared = from.iter().zip(to).take_while(|(a, b)| a == b).count();
    let up = from.len() - shared;
    let start = if up == 0 {
        vec!["self"]
    } else {
        vec!["super"; up]
    };
    let down = to.iter().skip(shared).map(String::as_str);
    start
        .into_iter()
        .chain(down)
        .chain([name])
        .collect::<Vec<_>>()
        .join("::")
}

/// The name of a module or a field as prost-build writes it.
pub(crate) fn snake(name: &str) -> String {
    let module = Module::from_protobuf_package_name(name);
    module.parts().collect()
}

/// The type of the entries of a field that is a map.
pub(super) fn map_entry<'a>(
    message: &'a DescriptorProto,
    field: &FieldDescriptorProto,
) -> Option<(&'a FieldDescriptorProto, &'a FieldDescriptorProto)> {
    let name = field.type_name().rsplit('.').next()?;
    let entry = message
        .nested_type
        .iter()
        .find(|nested| is_map_entry(nested) && nested.name() == name)
        .filter(|_| field.label() == Label::Repeated && field.r#type() == Type::Message)?;
    let part = |number| entry.field.iter().find(|field| field.number() == number);
    Some((part(1)?, part(2)?))
}
