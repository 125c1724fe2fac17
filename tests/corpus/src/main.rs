//! The driver of `tests/corpus/run`, which see.

mod cost;
mod counts;
mod generate;
mod measure;
mod table;
mod usage;

use std::path::Path;
use std::process::ExitCode;

/// What goes wrong here ends the program, and is for a person to read.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["generate", generator, set, out] => {
            generate::generate(generator, Path::new(set), Path::new(out))
        }
        ["usage", report, command @ ..] => return usage::report(Path::new(report), command),
        [
            "measure",
            cache,
            runtime,
            generators,
            repeat,
            mode,
            targets,
            sets @ ..,
        ] => measure::all(
            [cache, runtime].map(Path::new),
            generators,
            repeat,
            mode,
            *targets == "targets",
            sets,
        ),
        _ => Err("this is the driver of tests/corpus/run: use that".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
