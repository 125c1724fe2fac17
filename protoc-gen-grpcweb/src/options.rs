//! The options, which both doors have under the same names.

use crate::Error;

/// The file that ties the packages together, unless it has another name.
pub(crate) const INCLUDE_FILE: &str = "mod.rs";

/// The file for what is in no package, unless it has another name, without `.rs`.
pub(crate) const DEFAULT_PACKAGE_FILENAME: &str = "_";

/// What is generated, and how.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) build_client: bool,
    pub(crate) build_blocking_client: bool,
    pub(crate) build_server: bool,
    pub(crate) generate_default_stubs: bool,
    pub(crate) client_feature: Option<String>,
    pub(crate) server_feature: Option<String>,
    pub(crate) include_service: Vec<String>,
    pub(crate) exclude_service: Vec<String>,
    pub(crate) client_attributes: Vec<(String, String)>,
    pub(crate) client_mod_attributes: Vec<(String, String)>,
    pub(crate) server_attributes: Vec<(String, String)>,
    pub(crate) server_mod_attributes: Vec<(String, String)>,
    pub(crate) services_only: bool,
    pub(crate) messages: Option<String>,
    pub(crate) include_file: String,
    pub(crate) package_files_only: bool,
    pub(crate) default_package_filename: String,
    pub(crate) file_descriptor_set: bool,
    pub(crate) extern_paths: Vec<(String, String)>,
    pub(crate) compile_well_known_types: bool,
    pub(crate) enable_type_names: bool,
    pub(crate) type_name_domains: Vec<(String, String)>,
    pub(crate) type_attributes: Vec<(String, String)>,
    pub(crate) message_attributes: Vec<(String, String)>,
    pub(crate) enum_attributes: Vec<(String, String)>,
    pub(crate) field_attributes: Vec<(String, String)>,
    pub(crate) bytes: Vec<String>,
    pub(crate) btree_map: Vec<String>,
    pub(crate) boxed: Vec<String>,
    pub(crate) views: Vec<String>,
    pub(crate) disable_comments: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            build_client: true,
            build_blocking_client: false,
            build_server: true,
            generate_default_stubs: false,
            client_feature: None,
            server_feature: None,
            include_service: Vec::new(),
            exclude_service: Vec::new(),
            client_attributes: Vec::new(),
            client_mod_attributes: Vec::new(),
            server_attributes: Vec::new(),
            server_mod_attributes: Vec::new(),
            services_only: false,
            messages: None,
            include_file: INCLUDE_FILE.to_owned(),
            package_files_only: false,
            default_package_filename: DEFAULT_PACKAGE_FILENAME.to_owned(),
            file_descriptor_set: false,
            extern_paths: Vec::new(),
            compile_well_known_types: false,
            enable_type_names: false,
            type_name_domains: Vec::new(),
            type_attributes: Vec::new(),
            message_attributes: Vec::new(),
            enum_attributes: Vec::new(),
            field_attributes: Vec::new(),
            bytes: Vec::new(),
            btree_map: Vec::new(),
            boxed: Vec::new(),
            views: Vec::new(),
            disable_comments: Vec::new(),
        }
    }
}

/// An option of the plugin, for a person to read.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct OptionHelp {
    /// The name: also that of the method of [`Builder`](crate::Builder).
    pub name: &'static str,
    /// What follows the name, as in `=PATH=ATTRIBUTE`.
    pub value: &'static str,
    /// What it does.
    pub help: &'static str,
}

const FLAG: &str = "[=true|false]";
const PATH: &str = "=PROTO_PATH";
const ATTRIBUTE: &str = "=PROTO_PATH=ATTRIBUTE";

const fn option(name: &'static str, value: &'static str, help: &'static str) -> OptionHelp {
    OptionHelp { name, value, help }
}

/// Every option that the plugin takes.
pub const OPTIONS: &[OptionHelp] = &[
    option("build_client", FLAG, "generate clients (default: true)"),
    option(
        "build_blocking_client",
        FLAG,
        "generate blocking clients, beside or instead of the others",
    ),
    option(
        "build_server",
        FLAG,
        "generate service traits and servers (default: true)",
    ),
    option(
        "generate_default_stubs",
        FLAG,
        "methods that are not implemented answer UNIMPLEMENTED instead of failing to compile",
    ),
    option(
        "client_feature",
        "=FEATURE",
        "put clients behind a feature of your crate",
    ),
    option(
        "server_feature",
        "=FEATURE",
        "put traits and servers behind a feature of your crate",
    ),
    option(
        "include_service",
        PATH,
        "generate only the services below the path",
    ),
    option(
        "exclude_service",
        PATH,
        "do not generate the services below the path",
    ),
    option("client_attribute", ATTRIBUTE, "put an attribute on clients"),
    option(
        "client_mod_attribute",
        ATTRIBUTE,
        "put an attribute on the modules of clients",
    ),
    option("server_attribute", ATTRIBUTE, "put an attribute on servers"),
    option(
        "server_mod_attribute",
        ATTRIBUTE,
        "put an attribute on the modules of servers",
    ),
    option(
        "services_only",
        FLAG,
        "generate no messages; needs the option messages",
    ),
    option(
        "messages",
        "=RUST_PATH",
        "the module that has the messages, as in crate::pb",
    ),
    option(
        "include_file",
        "=NAME",
        "the file that ties the packages together as modules (default: mod.rs)",
    ),
    option(
        "package_files_only",
        FLAG,
        "write no file that ties the packages together: see protoc-gen-grpcweb --modules",
    ),
    option(
        "default_package_filename",
        "=NAME",
        "the file for what is in no package, without .rs (default: _)",
    ),
    option(
        "file_descriptor_set",
        FLAG,
        "put the descriptors of all files into a constant FILE_DESCRIPTOR_SET",
    ),
    option(
        "extern_path",
        "=PROTO_PATH=RUST_PATH",
        "use the Rust type or module for what is at the proto path, and generate nothing for it",
    ),
    option(
        "compile_well_known_types",
        FLAG,
        "generate google.protobuf instead of using prost-types",
    ),
    option(
        "enable_type_names",
        FLAG,
        "implement prost::Name for messages, as details of a status need it",
    ),
    option(
        "type_name_domain",
        "=PROTO_PATH=DOMAIN",
        "begin type URLs with the domain, as in type.googleapis.com",
    ),
    option(
        "type_attribute",
        ATTRIBUTE,
        "put an attribute on messages, enums and oneofs",
    ),
    option(
        "message_attribute",
        ATTRIBUTE,
        "put an attribute on messages",
    ),
    option(
        "enum_attribute",
        ATTRIBUTE,
        "put an attribute on enums and oneofs",
    ),
    option("field_attribute", ATTRIBUTE, "put an attribute on fields"),
    option("bytes", PATH, "use bytes::Bytes for fields of type bytes"),
    option("btree_map", PATH, "use BTreeMap for map fields"),
    option("boxed", PATH, "put fields into a Box"),
    option(
        "views",
        PATH,
        "generate views of messages, which borrow their fields, and hand them to services",
    ),
    option(
        "disable_comments",
        PATH,
        "leave out the comments of messages, fields, services, methods",
    ),
];

impl Options {
    /// Reads the parameter of the plugin: `name=value` pairs with commas between them. `\,` is a comma
    /// within a value, and `\\` a backslash.
    pub(crate) fn parse(parameter: &str) -> Result<Self, Error> {
        let mut options = Self::default();
        for option in split_unescaped(parameter) {
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name.trim(), Some(value)),
                None => (option.trim(), None),
            };
            if !name.is_empty() {
                options.set(name, value)?;
            }
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), Error> {
        match name {
            "build_client" => self.build_client = flag(name, value)?,
            "build_blocking_client" => self.build_blocking_client = flag(name, value)?,
            "build_server" => self.build_server = flag(name, value)?,
            "generate_default_stubs" => self.generate_default_stubs = flag(name, value)?,
            "client_feature" => self.client_feature = Some(text(name, value)?),
            "server_feature" => self.server_feature = Some(text(name, value)?),
            "include_service" => self.include_service.push(text(name, value)?),
            "exclude_service" => self.exclude_service.push(text(name, value)?),
            "client_attribute" => self.client_attributes.push(pair(name, value)?),
            "client_mod_attribute" => self.client_mod_attributes.push(pair(name, value)?),
            "server_attribute" => self.server_attributes.push(pair(name, value)?),
            "server_mod_attribute" => self.server_mod_attributes.push(pair(name, value)?),
            "services_only" => self.services_only = flag(name, value)?,
            "messages" => self.messages = Some(text(name, value)?),
            "include_file" => self.include_file = text(name, value)?,
            "package_files_only" => self.package_files_only = flag(name, value)?,
            "default_package_filename" => self.default_package_filename = text(name, value)?,
            "file_descriptor_set" => self.file_descriptor_set = flag(name, value)?,
            "compile_well_known_types" => self.compile_well_known_types = flag(name, value)?,
            "enable_type_names" => self.enable_type_names = flag(name, value)?,
            "type_name_domain" => self.type_name_domains.push(pair(name, value)?),
            "message_attribute" => self.message_attributes.push(pair(name, value)?),
            "enum_attribute" => self.enum_attributes.push(pair(name, value)?),
            "boxed" => self.boxed.push(text(name, value)?),
            "views" => self.views.push(text(name, value)?),
            "disable_comments" => self.disable_comments.push(text(name, value)?),
            "extern_path" => self.extern_paths.push(pair(name, value)?),
            "type_attribute" => self.type_attributes.push(pair(name, value)?),
            "field_attribute" => self.field_attributes.push(pair(name, value)?),
            "bytes" => self.bytes.push(text(name, value)?),
            "btree_map" => self.btree_map.push(text(name, value)?),
            _ => {
                let known: Vec<_> = OPTIONS.iter().map(|option| option.name).collect();
                return Err(Error::new(format!(
                    "there is no option {name:?}; there are: {}",
                    known.join(", ")
                )));
            }
        }
        Ok(())
    }
}

/// Whether a path that a user gave is that of `full_name` (which begins with a dot), or of something
/// that it is in. A dot alone is everything.
pub(crate) fn is_at_or_below(full_name: &str, path: &str) -> bool {
    let name = full_name.trim_start_matches('.');
    let rest = name.strip_prefix(path.trim_matches('.'));
    path == "." || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn flag(name: &str, value: Option<&str>) -> Result<bool, Error> {
    match value {
        None | Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(_) => Err(malformed(name, value)),
    }
}

fn text(name: &str, value: Option<&str>) -> Result<String, Error> {
    match value {
        Some(value) if !value.is_empty() => Ok(value.to_owned()),
        _ => Err(malformed(name, value)),
    }
}

fn pair(name: &str, value: Option<&str>) -> Result<(String, String), Error> {
    match value.and_then(|value| value.split_once('=')) {
        Some((path, value)) if !path.is_empty() && !value.is_empty() => {
            Ok((path.to_owned(), value.to_owned()))
        }
        _ => Err(malformed(name, value)),
    }
}

fn malformed(name: &str, value: Option<&str>) -> Error {
    let form = OPTIONS
        .iter()
        .find(|option| option.name == name)
        .map_or("", |option| option.value);
    let given = value.map(|value| format!("={value}")).unwrap_or_default();
    Error::new(format!(
        "the option {name}{given} is malformed: write {name}{form}"
    ))
}

fn split_unescaped(parameter: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut chars = parameter.chars();
    while let Some(c) = chars.next() {
        let c = match c {
            ',' => {
                parts.push(String::new());
                continue;
            }
            '\\' => match chars.next() {
                Some(escaped @ (',' | '\\')) => escaped,
                Some(other) => {
                    push(&mut parts, '\\');
                    other
                }
                None => '\\',
            },
            c => c,
        };
        push(&mut parts, c);
    }
    parts
}

fn push(parts: &mut [String], c: char) {
    if let Some(last) = parts.last_mut() {
        last.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_as_protoc_hands_them_over() {
        let options = Options::parse(
            "build_client=false,build_server,extern_path=.a.B=crate::B,\
             type_attribute=.=#[derive(Eq\\, Hash)],bytes=.",
        )
        .unwrap();
        assert!(!options.build_client);
        assert!(options.build_server);
        assert_eq!(options.extern_paths, [(".a.B".into(), "crate::B".into())]);
        assert_eq!(
            options.type_attributes,
            [(".".into(), "#[derive(Eq, Hash)]".into())]
        );
        assert_eq!(options.bytes, ["."]);
    }

    #[test]
    fn an_empty_parameter_is_the_default() {
        let options = Options::parse("").unwrap();
        assert!(options.build_client && options.build_server);
        assert_eq!(options.include_file, "mod.rs");
    }

    #[test]
    fn an_unknown_option_is_answered_with_those_that_exist() {
        let error = Options::parse("build_sever=true").unwrap_err().to_string();
        assert!(error.contains("build_sever"), "{error}");
        for option in OPTIONS {
            assert!(error.contains(option.name), "{error}");
        }
    }

    #[test]
    fn a_malformed_option_is_answered_with_its_form() {
        for (parameter, form) in [
            ("build_client=maybe", "build_client[=true|false]"),
            ("extern_path=.a", "extern_path=PROTO_PATH=RUST_PATH"),
            ("bytes", "bytes=PROTO_PATH"),
        ] {
            let error = Options::parse(parameter).unwrap_err().to_string();
            assert!(error.contains(form), "{error}");
        }
    }

    #[test]
    fn every_option_that_is_listed_is_taken() {
        for option in OPTIONS {
            let value = match option.value {
                FLAG => "true",
                ATTRIBUTE => ".=#[a]",
                _ => "a=b",
            };
            Options::default().set(option.name, Some(value)).unwrap();
        }
    }

    #[test]
    fn the_table_in_the_documentation_has_every_option_in_both_spellings() {
        let docs = include_str!("lib.rs");
        for option in OPTIONS {
            let plugin = format!("`{}{}`", option.name, option.value).replace('|', "\\|");
            let builder = format!("[`{0}`](Builder::{0})", option.name);
            let row = docs.lines().find(|line| line.contains(&plugin));
            assert!(row.is_some_and(|row| row.contains(&builder)), "{plugin}");
        }
    }

    #[test]
    fn a_path_holds_for_what_is_below_it() {
        for path in [".", ".a", "a", ".a.b", "a.b.S", ".a.b.S", ".a.b."] {
            assert!(is_at_or_below(".a.b.S", path), "{path}");
        }
        for path in [".a.b.S.M", ".b", "S", ".a.b.Service", "a.bb"] {
            assert!(!is_at_or_below(".a.b.S", path), "{path}");
        }
    }
}
