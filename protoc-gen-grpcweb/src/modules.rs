//! The file that ties packages together as modules.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use prost_build::Module;

use crate::Error;
use crate::generate::{GeneratedFile, HEADER};
use crate::options::{DEFAULT_PACKAGE_FILENAME, INCLUDE_FILE};
use crate::output::{Output, generated_files};
use crate::print::ALLOW;

/// Writes the file `mod.rs` that ties together all packages with generated code in a directory, and
/// nothing else: after several runs into it that had the option `package_files_only`.
///
/// # Errors
///
/// Where there is no generated code in the directory, and where it cannot be read or written.
pub fn write_modules(dir: impl AsRef<Path>) -> Result<(), Error> {
    let dir = dir.as_ref();
    let mut packages = BTreeSet::new();
    for path in generated_files(dir)? {
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(package) = name.and_then(|name| name.strip_suffix(".rs")) else {
            continue;
        };
        match package {
            _ if name == Some(INCLUDE_FILE) => continue,
            DEFAULT_PACKAGE_FILENAME => packages.insert(Module::from_parts([""; 0])),
            _ => packages.insert(Module::from_parts(package.split('.'))),
        };
    }
    if packages.is_empty() {
        return Err(Error::new(format!(
            "there is no generated code in {}",
            dir.display()
        )));
    }
    let tied = tie(&packages, |module| {
        module.to_file_name_or(DEFAULT_PACKAGE_FILENAME)
    });
    let file = GeneratedFile {
        name: INCLUDE_FILE.to_owned(),
        content: format!("{HEADER}{tied}"),
    };
    Output::new(dir, &[file]).write(false)
}

/// Nests a module for each part of each package, so that the paths between them resolve wherever the
/// root is. `file_name` says which file a package is in.
pub(crate) fn tie<'a>(
    packages: impl IntoIterator<Item = &'a Module>,
    file_name: impl Fn(&Module) -> String,
) -> String {
    let mut out = String::new();
    let mut open: Vec<&str> = Vec::new();
    for package in packages {
        let parts: Vec<_> = package.parts().collect();
        let shared = open.iter().zip(&parts).take_while(|(a, b)| a == b).count();
        close(&mut out, &mut open, shared);
        for part in parts.into_iter().skip(shared) {
            if open.is_empty() {
                for attribute in ALLOW {
                    line(&mut out, 0, attribute);
                }
            }
            line(&mut out, open.len(), &format!("pub mod {part} {{"));
            open.push(part);
        }
        line(
            &mut out,
            open.len(),
            &format!("include!({:?});", file_name(package)),
        );
    }
    close(&mut out, &mut open, 0);
    out
}

fn close(out: &mut String, open: &mut Vec<&str>, depth: usize) {
    while open.len() > depth {
        open.pop();
        line(out, open.len(), "}");
    }
}

fn line(out: &mut String, depth: usize, text: &str) {
    let indent = depth * 4;
    // Writing to a string does not fail.
    let _ = writeln!(out, "{:indent$}{text}", "");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_nest_as_their_names_do() {
        let packages = ["", "a.b", "a.b.c", "a.d", "b"].map(Module::from_protobuf_package_name);
        let tied = tie(&packages, |module| module.to_file_name_or("_"));
        let allow = ALLOW.join("\n");
        let expected = format!(
            r#"include!("_.rs");
{allow}
pub mod a {{
    pub mod b {{
        include!("a.b.rs");
        pub mod c {{
            include!("a.b.c.rs");
        }}
    }}
    pub mod d {{
        include!("a.d.rs");
    }}
}}
{allow}
pub mod b {{
    include!("b.rs");
}}
"#
        );
        assert_eq!(tied, expected);
    }
}
