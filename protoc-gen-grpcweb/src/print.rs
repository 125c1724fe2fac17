//! From tokens to text that a person can read.

use crate::Error;

/// Formats the code of the file `name`.
pub(crate) fn pretty(name: &str, code: &str) -> Result<String, Error> {
    let file = syn::parse_file(code).map_err(|error| {
        Error::with_source(
            format!(
                "the code for {name} is not Rust; an attribute in the options may be malformed"
            ),
            error,
        )
    })?;
    Ok(space_out(&prettyplease::unparse(&file)))
}

/// Puts an empty line between items, which prettyplease does not.
fn space_out(code: &str) -> String {
    let mut out = String::with_capacity(code.len() + code.len() / 32);
    let mut previous = "";
    for line in code.lines() {
        if ends_item(previous) && begins_item(line) {
            out.push('\n');
        }
        out.push_str(line);
        out.push('\n');
        previous = line;
    }
    out
}

fn ends_item(line: &str) -> bool {
    line.trim_start() == "}" || line.ends_with(';')
}

fn begins_item(line: &str) -> bool {
    ["///", "#[", "pub ", "impl", "fn ", "const "]
        .iter()
        .any(|start| line.trim_start().starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_have_an_empty_line_between_them_and_statements_have_none() {
        let code = "fn a() { let x = 1; f(x); } /// Doc.\n fn b() {} struct C { d: u8, e: u8 } \
                    trait T { fn f(); fn g(); }";
        let expected = "fn a() {
    let x = 1;
    f(x);
}

/// Doc.
fn b() {}
struct C {
    d: u8,
    e: u8,
}
trait T {
    fn f();

    fn g();
}
";
        assert_eq!(pretty("x.rs", code).unwrap(), expected);
    }

    #[test]
    fn code_that_is_not_rust_is_an_error_that_names_the_file() {
        let error = pretty("a.b.rs", "#[derive(] struct A;")
            .unwrap_err()
            .to_string();
        assert!(error.contains("a.b.rs"), "{error}");
    }
}
