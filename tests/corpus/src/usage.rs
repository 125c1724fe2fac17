//! What a program takes of the machine, with all that it starts.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Output, Stdio};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

use crate::Result;

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// Of user and system together.
    pub(crate) cpu_ms: u64,
    /// Of the largest of its processes.
    pub(crate) peak_kb: u64,
}

/// Runs a program. It does so in a process between, because the kernel keeps one account for all
/// children that a process ever had.
pub(crate) fn of<S: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    arguments: impl IntoIterator<Item = S>,
    environment: &[(&str, &Path)],
    scratch: &Path,
) -> Result<(Output, Usage)> {
    let report = scratch.join("usage");
    let _ = fs::remove_file(&report);
    let output = Command::new(std::env::current_exe()?)
        .arg("usage")
        .arg(&report)
        .arg(program)
        .args(arguments)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()?;
    let report = fs::read_to_string(&report)?;
    let (cpu_ms, peak_kb) = report.split_once(' ').ok_or("no usage was reported")?;
    let usage = Usage {
        cpu_ms: cpu_ms.parse()?,
        peak_kb: peak_kb.parse()?,
    };
    Ok((output, usage))
}

/// The process between.
pub(crate) fn report(report: &Path, command: &[&str]) -> ExitCode {
    match run(report, command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(report: &Path, command: &[&str]) -> Result<ExitCode> {
    let (program, arguments) = command.split_first().ok_or("there is nothing to run")?;
    let status = Command::new(program).args(arguments).status()?;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = usage.user_time() + usage.system_time();
    // Linux counts in kilobytes.
    fs::write(
        report,
        format!("{} {}", cpu.num_milliseconds(), usage.max_rss()),
    )?;
    if status.code().is_none() {
        eprintln!("error: {program}: {status}");
    }
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
