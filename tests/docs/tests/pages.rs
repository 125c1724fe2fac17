//! What the pages say is there is there.

mod markdown;

use std::fs;
use std::path::{Path, PathBuf};

/// What is not built yet, as `docs/parity.md` says it.
const PLANNED: [&str; 4] = [
    "planned: JSON and transcoding",
    "planned: test tools",
    "planned: conversions between messages and models",
    "planned: calls from Rust in the browser",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the repository")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut entries: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    entries
}

/// `README.md`, the pages in `docs`, and the `README.md` of each example and each folder of tests.
fn pages() -> Vec<PathBuf> {
    let root = root();
    let docs = entries(&root.join("docs"))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|it| it == "md"));
    let folders = ["examples", "tests"]
        .into_iter()
        .flat_map(|folder| entries(&root.join(folder)));
    let readmes = folders
        .map(|folder| folder.join("README.md"))
        .filter(|path| path.exists());
    std::iter::once(root.join("README.md"))
        .chain(docs)
        .chain(readmes)
        .collect()
}

/// What is wrong with a link of a page, if anything is.
fn fault(page: &Path, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target
        .split_once('#')
        .map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let file = if path.is_empty() {
        page.to_path_buf()
    } else {
        page.with_file_name("").join(path)
    };
    if !file.exists() {
        return Some(format!("{}: {target} is not there", page.display()));
    }
    let anchor = anchor.filter(|_| file.extension().is_some_and(|it| it == "md"))?;
    let anchors = markdown::anchors(&read(&file));
    let missing = !anchors.iter().any(|it| it == anchor);
    missing.then(|| {
        format!(
            "{}: {target}: no such heading, only {anchors:?}",
            page.display()
        )
    })
}

#[test]
fn links_point_to_what_is_there() {
    let mut faults = Vec::new();
    let mut links = 0;
    for page in pages() {
        for target in markdown::links(&read(&page)) {
            links += 1;
            faults.extend(fault(&page, &target));
        }
    }
    assert!(links > 20, "only {links} links were found");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn pages_with_rust_code_are_compiled() {
    let compiled = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs"));
    for page in entries(&root().join("docs")) {
        let name = page.file_name().expect("a name").to_string_lossy();
        let code = read(&page).lines().any(|line| line.starts_with("```rust"));
        assert!(
            !code || compiled.contains(&format!("\"{name}\"")),
            "{name} is not in src/lib.rs"
        );
    }
}

/// Whether a file has a test of that name: a function with `#[test]` before it, or in another language its title.
fn has_test(file: &Path, name: &str) -> bool {
    let text = read(file);
    if file.extension().is_none_or(|it| it != "rs") {
        return text.contains(name);
    }
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let declaration = format!("fn {name}(");
    let of_tests = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.contains(&declaration));
    of_tests.into_iter().any(|(at, _)| {
        let above = lines[..at]
            .iter()
            .rev()
            .take_while(|line| !line.is_empty() && **line != "}");
        above
            .into_iter()
            .any(|line| line.starts_with("#[test") || line.starts_with("#[tokio::test"))
    })
}

#[test]
fn each_row_of_the_parity_page_has_a_test_or_says_what_is_planned() {
    let page = root().join("docs/parity.md");
    let mut faults = Vec::new();
    let mut rows = 0;
    for row in markdown::rows(&read(&page)) {
        rows += 1;
        let shown = row.last().expect("a cell");
        let proofs = markdown::proofs(shown);
        let planned = shown.starts_with("planned: ");
        if planned && !PLANNED.iter().any(|it| shown.starts_with(it)) {
            faults.push(format!("{row:?}: no such plan"));
        }
        if !planned && proofs.is_empty() {
            faults.push(format!("{row:?}: nothing shows it"));
        }
        for (target, names) in proofs {
            let file = page.with_file_name("").join(&target);
            let missing = names
                .iter()
                .filter(|name| !file.is_file() || !has_test(&file, name));
            faults.extend(missing.map(|name| format!("{row:?}: no test {name} in {target}")));
        }
    }
    assert!(rows > 100, "only {rows} rows were found");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
