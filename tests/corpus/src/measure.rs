//! Generating, checking and measuring, one thing at a time.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::counts::{self, Counts};
use crate::generate::Generator;
use crate::usage::{self, Usage};
use crate::{Result, cost, table};

/// What became of a set with a generator.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) generator: Generator,
    pub(crate) generation: Usage,
    /// Of the generated files.
    pub(crate) bytes: u64,
    /// Of the compiler.
    pub(crate) check: Option<Usage>,
    pub(crate) failure: Option<Failure>,
}

impl Outcome {
    fn is_failure_of_ours(&self) -> bool {
        self.failure.is_some() && !self.generator.is_a_peer()
    }

    /// Whether there is code, be it such as compiles or not.
    pub(crate) fn is_generated(&self) -> bool {
        self.failure
            .as_ref()
            .is_none_or(|failure| failure.errors.is_some())
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// How many errors the compiler found. None where there is nothing to compile.
    pub(crate) errors: Option<usize>,
    pub(crate) first: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) set: String,
    pub(crate) counts: Counts,
    pub(crate) outcomes: Vec<Outcome>,
}

impl Row {
    pub(crate) fn outcome(&self, generator: Generator) -> Option<&Outcome> {
        self.outcomes
            .iter()
            .find(|outcome| outcome.generator == generator)
    }
}

/// What to do with generated code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Generate,
    Check,
    Build,
}

impl Mode {
    fn named(name: &str) -> Result<Self> {
        match name {
            "generate" => Ok(Self::Generate),
            "check" => Ok(Self::Check),
            "build" => Ok(Self::Build),
            _ => Err(format!("there is no mode {name}").into()),
        }
    }

    /// What cargo calls it.
    pub(crate) fn command(self) -> &'static str {
        match self {
            Self::Generate | Self::Check => "check",
            Self::Build => "build",
        }
    }
}

/// Where everything is, and how it is measured.
struct Places<'a> {
    cache: &'a Path,
    runtime: &'a Path,
    /// How often to do everything: what counts is the time that took the least.
    repeat: usize,
    mode: Mode,
}

pub(crate) fn all(
    [cache, runtime]: [&Path; 2],
    generators: &str,
    repeat: &str,
    mode: &str,
    targets: bool,
    sets: &[&str],
) -> Result<()> {
    let generators = generators
        .split(',')
        .map(Generator::named)
        .collect::<Result<Vec<_>>>()?;
    let places = Places {
        cache,
        runtime,
        repeat: repeat.parse()?,
        mode: Mode::named(mode)?,
    };
    places.write_workspace(&generators, sets)?;
    let compiled = generators
        .iter()
        .filter(|generator| generator.is_compiled());
    for generator in compiled.filter(|_| places.mode != Mode::Generate) {
        eprintln!("building what the code of {} stands on", generator.name());
        let (output, _) = places.compile(&dependencies_of(*generator))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
    }
    let mut rows = Vec::new();
    let mut failed = Vec::new();
    for set in sets {
        let counts = match counts::of(&cache.join("sets").join(set)) {
            Ok(counts) => counts,
            Err(error) => {
                eprintln!("{set} is not as it should be: {error}");
                failed.push(*set);
                continue;
            }
        };
        let mut row = Row {
            set: (*set).to_owned(),
            counts,
            outcomes: Vec::new(),
        };
        for generator in &generators {
            eprint!("{set}, {}: ", generator.name());
            let outcome = places.measure(set, *generator)?;
            eprintln!("{}", table::in_short(&outcome));
            row.outcomes.push(outcome);
        }
        if row.outcomes.iter().any(Outcome::is_failure_of_ours) {
            failed.push(*set);
        }
        rows.push(row);
        // What there is, is there even if a later set ends the program.
        fs::write(cache.join("table.md"), table::markdown(&rows, places.mode))?;
    }
    print!("{}", table::markdown(&rows, places.mode));
    if !failed.is_empty() {
        return Err(format!("failed: {}", failed.join(", ")).into());
    }
    if targets { cost::check(&rows) } else { Ok(()) }
}

fn name_of(set: &str, generator: Generator) -> String {
    format!("{set}-{}", generator.name())
}

/// A crate with nothing in it but the dependencies, so that they are built before anything is
/// measured.
fn dependencies_of(generator: Generator) -> String {
    name_of("dependencies", generator)
}

impl Places<'_> {
    fn write_workspace(&self, generators: &[Generator], sets: &[&str]) -> Result<()> {
        let mut members = Vec::new();
        for generator in generators {
            for set in sets.iter().chain(&["dependencies"]) {
                let name = name_of(set, *generator);
                let dir = self.cache.join("check").join(&name);
                fs::create_dir_all(dir.join("src"))?;
                fs::write(
                    dir.join("Cargo.toml"),
                    format!(
                        "[package]\n\
                         name = {name:?}\n\
                         version = \"0.0.0\"\n\
                         edition = \"2024\"\n\
                         \n\
                         [dependencies]\n\
                         {}",
                        generator.dependencies(self.runtime)
                    ),
                )?;
                fs::write(dir.join("src/lib.rs"), "")?;
                members.push(name);
            }
        }
        fs::write(
            self.cache.join("check/Cargo.toml"),
            format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n"),
        )?;
        Ok(())
    }

    fn measure(&self, set: &str, generator: Generator) -> Result<Outcome> {
        let name = name_of(set, generator);
        let sources = self.cache.join("check").join(&name).join("src");
        let generated = sources.join("proto");
        let log = self.cache.join(format!("{name}.log"));
        let _ = fs::remove_file(&log);
        let _ = fs::remove_dir_all(&generated);
        fs::create_dir_all(&generated)?;

        let set = self.cache.join("sets").join(set);
        let (mut output, mut generation) = self.generate(generator, &set, &generated)?;
        for _ in 1..self.repeat {
            let (again, usage) = self.generate(generator, &set, &generated)?;
            if usage.cpu_ms < generation.cpu_ms {
                (output, generation) = (again, usage);
            }
        }
        let mut outcome = Outcome {
            generator,
            generation,
            bytes: 0,
            check: None,
            failure: None,
        };
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
            fs::write(&log, &complaint)?;
            outcome.failure = Some(Failure {
                errors: None,
                first: complaint
                    .lines()
                    .find(|line| !line.trim().is_empty() && !line.starts_with("thread '"))
                    .unwrap_or("nothing was said")
                    .to_owned(),
            });
            return Ok(outcome);
        }
        for file in fs::read_dir(&generated)? {
            outcome.bytes += file?.metadata()?.len();
        }
        if self.mode == Mode::Generate || !generator.is_compiled() {
            return Ok(outcome);
        }

        for _ in 0..self.repeat {
            // Written anew, it is checked anew.
            fs::write(
                sources.join("lib.rs"),
                "#![deny(warnings)]\n\npub mod proto {\n    include!(\"proto/mod.rs\");\n}\n",
            )?;
            let (output, check) = self.compile(&name)?;
            let least = outcome
                .check
                .is_none_or(|least| check.cpu_ms < least.cpu_ms);
            if least {
                outcome.check = Some(check);
            }
            if !output.status.success() {
                let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
                fs::write(&log, &complaint)?;
                outcome.failure = Some(failure(&complaint));
                break;
            }
        }
        Ok(outcome)
    }

    fn generate(&self, generator: Generator, set: &Path, out: &Path) -> Result<(Output, Usage)> {
        let protoc = protoc_bin_vendored::protoc_bin_path()?;
        usage::of(
            std::env::current_exe()?,
            [
                "generate".as_ref(),
                generator.name().as_ref(),
                set.as_os_str(),
                out.as_os_str(),
            ],
            &[("PROTOC", &protoc)],
            self.cache,
        )
    }

    fn compile(&self, name: &str) -> Result<(Output, Usage)> {
        let target = self.cache.join("check/target");
        let measured = usage::of(
            "cargo",
            [
                self.mode.command().as_ref(),
                "--message-format=short".as_ref(),
                "--package".as_ref(),
                name.as_ref(),
                "--manifest-path".as_ref(),
                self.cache.join("check/Cargo.toml").as_os_str(),
            ],
            &[("CARGO_TARGET_DIR", &target)],
            self.cache,
        )?;
        // What the compiler remembers of this run would make the next one cheaper.
        let prefix = format!("{}-", name.replace('-', "_"));
        if let Ok(entries) = fs::read_dir(target.join("debug/incremental")) {
            for entry in entries {
                let entry = entry?;
                if entry.file_name().to_string_lossy().starts_with(&prefix) {
                    fs::remove_dir_all(entry.path())?;
                }
            }
        }
        Ok(measured)
    }
}

/// Reads what the compiler says in its short form: `path:line:column: error…: …`.
fn failure(complaint: &str) -> Failure {
    let errors: Vec<_> = complaint
        .lines()
        .filter(|line| {
            line.contains(": error")
                || (line.starts_with("error") && !line.starts_with("error: could not compile"))
        })
        .collect();
    let first = errors.first().copied().or(complaint.lines().last());
    Failure {
        errors: Some(errors.len()),
        first: first.unwrap_or_default().to_owned(),
    }
}
