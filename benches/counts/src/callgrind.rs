//! This program below callgrind, which counts its instructions.

use std::env::current_exe;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::case::{Case, Peer};
use crate::exercise::{Allocated, COUNTED};

/// How many seconds a case may take; it takes some.
const PATIENCE: &str = "600";

/// What a part of a case costs: a call, or a message of a stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cost {
    pub(crate) instructions: f64,
    pub(crate) allocations: f64,
    pub(crate) bytes: f64,
}

impl Cost {
    /// The least of both in each respect.
    pub(crate) fn min(self, other: Self) -> Self {
        Self {
            instructions: self.instructions.min(other.instructions),
            allocations: self.allocations.min(other.allocations),
            bytes: self.bytes.min(other.bytes),
        }
    }
}

/// Counts a case: ours and bare. Each has a process of its own, as what came before leaves traces in the allocator.
///
/// # Errors
///
/// Where there is no valgrind, and where a call fails.
pub(crate) fn count(dir: &Path, case: Case) -> io::Result<(Cost, Cost)> {
    let [ours, bare] = Peer::ALL.map(|peer| look(dir, case, peer));
    Ok((ours?, bare?))
}

/// Counts a case of a peer, and leaves what callgrind knows in the file `callgrind.out.1` of a directory.
///
/// # Errors
///
/// As [`count`].
pub(crate) fn look(dir: &Path, case: Case, peer: Peer) -> io::Result<Cost> {
    let told = run(dir, &[case.name, peer.name()])?;
    let told = Allocated::parse(told.trim_end());
    let told = told.ok_or_else(|| unexpected("what was allocated"))?;
    let parts = f64::from(case.calls() * case.parts());
    Ok(Cost {
        instructions: instructions(dir)? as f64 / parts,
        allocations: told.allocations as f64 / parts,
        bytes: told.bytes as f64 / parts,
    })
}

fn run(dir: &Path, arguments: &[&str]) -> io::Result<String> {
    if dir.exists() {
        fs::remove_dir_all(dir)?;
    }
    fs::create_dir_all(dir)?;
    let out = dir.join("callgrind.out");
    // Where a call never ends, neither would this.
    let output = Command::new("timeout")
        .args([PATIENCE, "valgrind"])
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(format!("--zero-before={COUNTED}"))
        .arg(format!("--dump-after={COUNTED}"))
        .arg(current_exe()?)
        .arg("exercise")
        .args(arguments)
        .stderr(Stdio::piped())
        .output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!(
            "valgrind ended with {}:\n{said}",
            output.status
        )));
    }
    String::from_utf8(output.stdout).map_err(io::Error::other)
}

/// What was counted in the one function.
fn instructions(dir: &Path) -> io::Result<u64> {
    let dump = fs::read_to_string(dir.join("callgrind.out.1"))
        .map_err(|_| unexpected(&format!("what callgrind counted in {COUNTED}")))?;
    let total = dump.lines().find_map(|line| line.strip_prefix("summary: "));
    total
        .and_then(|total| total.trim().parse().ok())
        .ok_or_else(|| unexpected("the sum of a dump of callgrind"))
}

fn unexpected(what: &str) -> io::Error {
    io::Error::other(format!("{what} cannot be read"))
}
