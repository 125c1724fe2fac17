//! The file of what was counted before.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use crate::callgrind::Cost;
use crate::case::Case;

/// The compiler of this program.
pub(crate) const RUSTC: &str = env!("RUSTC_VERSION");

const COMPILER: &str = "# compiler: ";

const AVX2: &str = "# avx2: ";

/// Whether this processor has AVX2, which what base64 costs depends on: `yes` or `no`.
pub(crate) fn avx2() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        return "yes";
    }
    "no"
}

/// What was counted before, with which compiler and on which kind of processor.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) compiler: String,
    /// As [`avx2`] says.
    pub(crate) avx2: String,
    lines: Vec<(String, Cost, Cost)>,
}

impl Recorded {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// Where there is none, and where it is not what [`write`] wrote.
    pub(crate) fn read(file: &Path) -> io::Result<Self> {
        let text = fs::read_to_string(file).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", file.display()))
        })?;
        let compiler = text.lines().find_map(|line| line.strip_prefix(COMPILER));
        let avx2 = text.lines().find_map(|line| line.strip_prefix(AVX2));
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let lines: Option<Vec<_>> = lines.map(parse).collect();
        compiler
            .zip(avx2)
            .zip(lines)
            .map(|((compiler, avx2), lines)| Self {
                compiler: compiler.to_owned(),
                avx2: avx2.to_owned(),
                lines,
            })
            .ok_or_else(|| io::Error::other(format!("{} cannot be read", file.display())))
    }

    /// What a case cost: ours and bare.
    pub(crate) fn of(&self, case: Case) -> Option<(Cost, Cost)> {
        let mut lines = self.lines.iter();
        lines.find_map(|(name, ours, bare)| (name == case.name).then_some((*ours, *bare)))
    }

    /// The names of what was counted.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|(name, ..)| name.as_str())
    }
}

fn parse(line: &str) -> Option<(String, Cost, Cost)> {
    let mut words = line.split_whitespace();
    let name = words.next()?.to_owned();
    let numbers: Option<Vec<f64>> = words.map(|word| word.parse().ok()).collect();
    let [a, b, c, d, e, f] = numbers?[..] else {
        return None;
    };
    let cost = |instructions, allocations, bytes| Cost {
        instructions,
        allocations,
        bytes,
    };
    Some((name, cost(a, c, e), cost(b, d, f)))
}

/// Writes the file.
///
/// # Errors
///
/// Where it cannot be written.
pub(crate) fn write(file: &Path, counted: &[(Case, Cost, Cost)]) -> io::Result<()> {
    let mut text = format!(
        "# Written by `benches/counts/run --record`. Of a call, or of a message of a stream; each twice: ours, and \
         bare hyper.\n{COMPILER}{RUSTC}\n{AVX2}{}\n# {:<24}{:>20}{:>20}{:>22}\n",
        avx2(),
        "case",
        "instructions",
        "allocations",
        "bytes allocated"
    );
    for (case, ours, bare) in counted {
        let _ = writeln!(
            text,
            "{:<26}{:>10.1}{:>10.1}{:>10.3}{:>10.3}{:>11.1}{:>11.1}",
            case.name,
            ours.instructions,
            bare.instructions,
            ours.allocations,
            bare.allocations,
            ours.bytes,
            bare.bytes
        );
    }
    fs::write(file, text)
}
