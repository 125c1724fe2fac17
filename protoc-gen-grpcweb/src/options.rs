//! The options, which both doors have under the same names.

use crate::Error;

/// What is generated, and how.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) build_client: bool,
    pub(crate) build_server: bool,
    pub(crate) include_file: String,
    pub(crate) extern_paths: Vec<(String, String)>,
    pub(crate) type_attributes: Vec<(String, String)>,
    pub(crate) field_attributes: Vec<(String, String)>,
    pub(crate) bytes: Vec<String>,
    pub(crate) btree_map: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            build_client: true,
            build_server: true,
            include_file: "mod.rs".to_owned(),
            extern_paths: Vec::new(),
            type_attributes: Vec::new(),
            field_attributes: Vec::new(),
            bytes: Vec::new(),
            btree_map: Vec::new(),
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

/// Every option that the plugin takes.
pub const OPTIONS: &[OptionHelp] = &[
    OptionHelp {
        name: "build_client",
        value: "[=true|false]",
        help: "generate clients (default: true)",
    },
    OptionHelp {
        name: "build_server",
        value: "[=true|false]",
        help: "generate service traits and servers (default: true)",
    },
    OptionHelp {
        name: "include_file",
        value: "=NAME",
        help: "the file that ties the packages together as modules (default: mod.rs)",
    },
    OptionHelp {
        name: "extern_path",
        value: "=PROTO_PATH=RUST_PATH",
        help: "use the Rust type or module for what is at the proto path, and generate nothing for it",
    },
    OptionHelp {
        name: "type_attribute",
        value: "=PROTO_PATH=ATTRIBUTE",
        help: "put an attribute on messages, enums and oneofs",
    },
    OptionHelp {
        name: "field_attribute",
        value: "=PROTO_PATH=ATTRIBUTE",
        help: "put an attribute on fields",
    },
    OptionHelp {
        name: "bytes",
        value: "=PROTO_PATH",
        help: "use bytes::Bytes for fields of type bytes",
    },
    OptionHelp {
        name: "btree_map",
        value: "=PROTO_PATH",
        help: "use BTreeMap for map fields",
    },
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
            "build_server" => self.build_server = flag(name, value)?,
            "include_file" => self.include_file = text(name, value)?,
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
    fn every_option_that_is_listed_is_known() {
        for option in OPTIONS {
            let error = Options::default().set(option.name, Some("\u{0}"));
            if let Err(error) = error {
                assert!(error.to_string().contains("malformed"), "{error}");
            }
        }
    }
}
