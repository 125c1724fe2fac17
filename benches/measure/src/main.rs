//! Measures the servers of the benchmark alternately, and makes the table of docs/performance.md.
//!
//! - `measure server FILE ROUNDS [--short] [CASE…]`: the samples of the servers, of all cases, of those whose label
//!   starts with one of the names, or of as few as show that everything works.
//! - `measure machine FILE`: what it is measured on, when, and which versions.
//! - `measure table RESULTS PAGE`: the table of all samples in a folder, into a page between two markers.
//!
//! What it starts is looked for in the folder of its own program: `server-*` and `load`, each built by itself.

mod allocations;
mod callgrind;
mod cases;
mod cpu;
mod figures;
mod latency;
mod limits;
mod load;
mod machine;
mod memory;
mod page;
mod peers;
mod process;
mod samples;
mod server;
mod syscalls;
mod table;

use std::env::args;
use std::error::Error;
use std::process::ExitCode;

use samples::Output;

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

const USAGE: &str =
    "usage: measure server FILE ROUNDS [--short] [CASE…] | machine FILE | table RESULTS PAGE";

/// What a short run is content with, of each kind of figure.
const SHORT: [&str; 5] = [
    "echo-64 binary h1",
    "count-64 binary h1",
    "echo-64 grpc h2",
    "idle connection",
    "first message",
];

/// How much is measured.
struct Plan {
    rounds: u32,
    is_short: bool,
    only: Vec<String>,
}

impl Plan {
    fn has(&self, label: &str) -> bool {
        if self.only.is_empty() {
            return !self.is_short || SHORT.iter().any(|it| label.starts_with(it));
        }
        self.only.iter().any(|it| label.starts_with(it.as_str()))
    }
}

fn servers(file: &str, plan: &Plan) -> Result<()> {
    let output = &mut Output::create(file, "server")?;
    allocations::measure(output, plan)?;
    callgrind::measure(output, plan)?;
    syscalls::measure(output, plan)?;
    memory::measure(output, plan)?;
    latency::measure(output, plan)?;
    cpu::measure(output, plan)
}

fn run() -> Result<()> {
    let arguments: Vec<String> = args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["server", file, rounds, ref rest @ ..] => {
            let is_short = rest.contains(&"--short");
            let only = rest.iter().filter(|it| **it != "--short");
            let plan = Plan {
                rounds: rounds.parse()?,
                is_short,
                only: only.map(|it| (*it).to_owned()).collect(),
            };
            servers(file, &plan)
        }
        ["machine", file] => machine::write(file),
        ["table", results, page] => page::update(results, page),
        _ => Err(USAGE.into()),
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("measure: {error}");
            ExitCode::FAILURE
        }
    }
}
