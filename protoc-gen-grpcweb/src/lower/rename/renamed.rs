use std::collections::{BTreeMap, HashMap, HashSet};

use prost_build::Module;

/// What was renamed.
#[derive(Debug, Default)]
pub(crate) struct Renamed {
    /// Full names of types and packages, each with a dot before it: as in the file, as in Rust.
    pub(super) types: BTreeMap<String, String>,
    /// Paths on the wire, by what they would be with the names in Rust.
    pub(super) wire: HashMap<String, String>,
    /// Values of enums, by what they are in Rust.
    pub(super) values: HashMap<String, String>,
    /// The modules that a package has beside those of its services.
    pub(super) modules: HashMap<Module, HashSet<String>>,
    /// A line for each of the names, for the user.
    pub(crate) report: Vec<String>,
}

impl Renamed {
    /// What stands in Rust for a proto path that a user gave.
    pub(crate) fn path(&self, path: &str) -> String {
        let (mut old, mut rest) = (path, "");
        loop {
            if let Some(new) = self.types.get(old) {
                return format!("{new}{rest}");
            }
            match old.rfind('.') {
                Some(dot) if dot > 0 => (old, rest) = path.split_at(dot),
                _ => return path.to_owned(),
            }
        }
    }

    /// The name on the wire of a service or a method (`package.Service/Method`).
    pub(crate) fn on_the_wire<'a>(&'a self, name: &'a str) -> &'a str {
        self.wire.get(name).map_or(name, String::as_str)
    }

    /// Puts the names of values into formatted code where they are text: what `as_str_name` returns is
    /// the name on the wire.
    pub(crate) fn put_values(&self, code: String) -> String {
        if self.values.is_empty() {
            return code;
        }
        let line = |line: &str| {
            let text = line.trim_start();
            let (before, after) = match text.split_once(" => ") {
                Some((arm, name)) if arm.starts_with("Self::") => (format!("{arm} => "), name),
                Some((_, to)) if to.starts_with("Some(") => (String::new(), text),
                _ => return None,
            };
            let (new, rest) = after.strip_prefix('"')?.split_once('"')?;
            let old = self.values.get(new)?;
            let indent = line.len() - text.len();
            Some(format!("{:indent$}{before}\"{old}\"{rest}", ""))
        };
        code.lines()
            .map(|text| line(text).unwrap_or_else(|| text.to_owned()) + "\n")
            .collect()
    }

    /// Whether the package has a module of this name already.
    pub(crate) fn has_module(&self, package: &str, module: &str) -> bool {
        self.modules
            .get(&Module::from_protobuf_package_name(package))
            .is_some_and(|modules| modules.contains(module))
    }
}
