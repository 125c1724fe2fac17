//! The file that ties packages together as modules.

use std::fmt::Write as _;

use prost_build::Module;

use crate::print::ALLOW;

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
