//! The names of messages on the wire, as implementations of `prost::Name`. prost-build would take the
//! names that they have in Rust.

use std::collections::HashMap;
use std::fmt::Write as _;

use prost_types::{DescriptorProto, FileDescriptorProto};

use super::well_known::PROST;
use super::{is_map_entry, types};
use crate::options::{Options, is_at_or_below};

/// What a message is called.
#[derive(Debug)]
struct TypeName {
    /// As the module of its package has it.
    rust: String,
    /// Full, with a dot before it.
    proto: String,
    package: String,
}

/// The messages of files, by the names of the files.
#[derive(Debug, Default)]
pub(crate) struct TypeNames {
    files: HashMap<String, Vec<TypeName>>,
}

impl TypeNames {
    /// Takes down the names in the files, before anything is renamed.
    pub(super) fn of(files: &[FileDescriptorProto]) -> Self {
        let names = |file: &FileDescriptorProto| {
            let names = full_names(file).into_iter().map(|proto| TypeName {
                rust: String::new(),
                proto,
                package: file.package().to_owned(),
            });
            (file.name().to_owned(), names.collect())
        };
        Self {
            files: files.iter().map(names).collect(),
        }
    }

    /// Adds what the same messages are in Rust. Those that are not generated are dropped.
    pub(super) fn renamed(
        mut self,
        files: &[FileDescriptorProto],
        is_extern: impl Fn(&str) -> bool,
    ) -> Self {
        for file in files {
            let Some(names) = self.files.get_mut(file.name()) else {
                continue;
            };
            let rust: HashMap<_, _> = types::paths(file, "self").into_iter().collect();
            for (name, new) in names.iter_mut().zip(full_names(file)) {
                if let Some(path) = rust.get(&new).filter(|_| !is_extern(&new)) {
                    name.rust = path.trim_start_matches("self::").to_owned();
                }
            }
            names.retain(|name| !name.rust.is_empty());
        }
        self
    }

    /// The implementations for the messages of a file.
    pub(crate) fn implementations(&self, file: &str, options: &Options) -> String {
        let mut code = String::new();
        for TypeName {
            rust,
            proto,
            package,
        } in self.files.get(file).into_iter().flatten()
        {
            let full = proto.trim_start_matches('.');
            let name = full.rsplit('.').next().unwrap_or(full);
            let text = |function: &str, text: &str| {
                format!(
                    "fn {function}() -> {PROST}::alloc::string::String {{
                        {PROST}::alloc::string::String::from({text:?})
                    }}"
                )
            };
            let is_nested = format!("{package}.{name}").trim_start_matches('.') != full;
            let full_name = is_nested.then(|| text("full_name", full));
            let type_url =
                domain(proto, options).map(|domain| text("type_url", &format!("{domain}/{full}")));
            // Writing to a string does not fail.
            let _ = writeln!(
                code,
                "impl {PROST}::Name for {rust} {{
                    const NAME: &'static str = {name:?};
                    const PACKAGE: &'static str = {package:?};
                    {}
                    {}
                }}",
                full_name.unwrap_or_default(),
                type_url.unwrap_or_default()
            );
        }
        code
    }
}

/// What stands before the name in the URL of the type: of several, that of the longest path.
fn domain<'a>(proto: &str, options: &'a Options) -> Option<&'a str> {
    options
        .type_name_domains
        .iter()
        .filter(|(path, _)| is_at_or_below(proto, path))
        .max_by_key(|(path, _)| path.trim_matches('.').len())
        .map(|(_, domain)| domain.as_str())
}

/// The full names of all messages, outer ones first. Renaming does not change their order.
fn full_names(file: &FileDescriptorProto) -> Vec<String> {
    fn add(messages: &[DescriptorProto], scope: &str, names: &mut Vec<String>) {
        for message in messages {
            if is_map_entry(message) {
                continue;
            }
            let name = format!("{scope}.{}", message.name());
            names.push(name.clone());
            add(&message.nested_type, &name, names);
        }
    }
    let mut names = Vec::new();
    let scope = match file.package() {
        "" => String::new(),
        package => format!(".{package}"),
    };
    add(&file.message_type, &scope, &mut names);
    names
}
