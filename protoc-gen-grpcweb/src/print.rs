//! From tokens to text that a person can read.

use proc_macro2::TokenStream;
use quote::quote;

use crate::Error;
use crate::views::Addition;

/// Lints that a user's crate may have on, and that what prost generates is not written for. On the
/// module of a package, or on each item where there is none.
pub(crate) const ALLOW: [&str; 2] = [
    "#[allow(dead_code, deprecated, missing_docs, unreachable_pub)]",
    "#[allow(clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]",
];

/// Formats the code of the file `name` and what is added to it. `bare` says that it is in no module of
/// ours.
pub(crate) fn pretty(
    name: &str,
    code: &str,
    additions: Vec<Addition>,
    bare: bool,
) -> Result<String, Error> {
    let mut file = syn::parse_file(code).map_err(|error| {
        Error::with_source(
            format!(
                "the code for {name} is not Rust; an attribute in the options may be malformed"
            ),
            error,
        )
    })?;
    for Addition {
        message,
        path,
        items,
    } in additions
    {
        let module = module(&mut file.items, &path).ok_or_else(|| {
            Error::new(format!(
                "the view of {message} has no place: there is no module {} in {name}",
                path.join("::")
            ))
        })?;
        module.extend(items);
    }
    if bare {
        file.items = file.items.into_iter().map(allowing).collect();
    }
    Ok(space_out(&prettyplease::unparse(&file)))
}

/// What is in a module.
fn module<'a>(items: &'a mut Vec<syn::Item>, path: &[String]) -> Option<&'a mut Vec<syn::Item>> {
    let Some((first, rest)) = path.split_first() else {
        return Some(items);
    };
    let inner = items.iter_mut().find_map(|item| match item {
        syn::Item::Mod(module) if module.ident == first => module.content.as_mut(),
        _ => None,
    });
    module(&mut inner?.1, rest)
}

/// The item with the lints switched off for itself.
fn allowing(item: syn::Item) -> syn::Item {
    let allow: TokenStream = ALLOW
        .iter()
        .filter_map(|a| a.parse::<TokenStream>().ok())
        .collect();
    syn::parse2(quote! { #allow #item }).unwrap_or(item)
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
    line.trim_start() == "}" || line.ends_with(';') || (line.ends_with("{}") && begins_item(line))
}

fn begins_item(line: &str) -> bool {
    [
        "///", "#[", "pub ", "impl", "fn ", "const ", "struct ", "trait ", "rt::",
    ]
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
        assert_eq!(pretty("x.rs", code, Vec::new(), false).unwrap(), expected);
    }

    #[test]
    fn code_that_is_not_rust_is_an_error_that_names_the_file() {
        let error = pretty("a.b.rs", "#[derive(] struct A;", Vec::new(), false)
            .unwrap_err()
            .to_string();
        assert!(error.contains("a.b.rs"), "{error}");
    }

    #[test]
    fn a_view_without_a_place_is_an_error_that_names_the_message() {
        let addition = |module: &str| Addition {
            message: ".a.Outer.M".into(),
            path: vec![module.into()],
            items: vec![syn::parse_quote! { struct MView; }],
        };
        let code = "mod outer { struct M; }";
        let whole = pretty("a.rs", code, vec![addition("outer")], false).unwrap();
        assert!(whole.contains("struct MView;"), "{whole}");
        let error = pretty("a.rs", code, vec![addition("other")], false).unwrap_err();
        let error = error.to_string();
        for part in [".a.Outer.M", "module other", "a.rs"] {
            assert!(error.contains(part), "{part} is not in: {error}");
        }
    }
}
