//! What it is measured on, and which versions: `key<TAB>value` lines.

use std::fs;
use std::process::Command;

use crate::Result;
use crate::process::printed;

/// The crates whose versions a reader wants to know.
const CRATES: [&str; 9] = [
    "axum",
    "buffa",
    "connectrpc",
    "hyper",
    "hyper-util",
    "prost",
    "tokio",
    "tonic",
    "tonic-web",
];

fn cpu() -> Result<String> {
    let told = fs::read_to_string("/proc/cpuinfo")?;
    let model = told
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown", |it| it.trim_start_matches(['\t', ' ', ':']));
    let cores = told
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    Ok(format!("{model}, {cores} cores"))
}

fn memory() -> Result<String> {
    let told = fs::read_to_string("/proc/meminfo")?;
    let total = told.split_whitespace().nth(1).unwrap_or_default();
    Ok(format!("{:.1} GB", total.parse::<f64>()? * 1024.0 / 1e9))
}

/// The versions of the crates in the lock file, newest last where there are two.
fn crates(lock: &str) -> String {
    let field = |package: &str, name: &str| {
        let value = package.lines().find_map(|line| line.strip_prefix(name));
        value.map(|it| it.trim_matches(['=', ' ', '"']).to_owned())
    };
    let versions = lock.split("[[package]]").filter_map(|package| {
        let name = field(package, "name")?;
        let version = field(package, "version")?;
        CRATES
            .contains(&name.as_str())
            .then(|| format!("{name} {version}"))
    });
    versions.collect::<Vec<_>>().join(", ")
}

pub(crate) fn write(file: &str) -> Result<()> {
    let of = |program: &str, arguments: &[&str]| -> Result<String> {
        Ok(printed(Command::new(program).args(arguments))?
            .trim()
            .to_owned())
    };
    let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock");
    // A copy without its history measures as well.
    let commit = of("git", &["describe", "--always", "--dirty"]).unwrap_or("unknown".to_owned());
    let lines = [
        ("date", of("date", &["-u", "+%Y-%m-%d"])?),
        ("grpcweb", commit),
        ("CPU", cpu()?),
        ("memory", memory()?),
        ("kernel", of("uname", &["-sr"])?),
        ("compiler", of("rustc", &["--version"])?),
        ("crates", crates(&fs::read_to_string(lock)?)),
    ];
    let lines = lines.map(|(key, value)| format!("{key}\t{value}\n"));
    Ok(fs::write(file, lines.concat())?)
}
