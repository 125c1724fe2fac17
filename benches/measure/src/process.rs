//! Programs that are started, and how they end.

use std::io;
use std::path::PathBuf;
use std::process::{Command, Output};

use crate::Result;

/// The path of a program that is built into the same folder as this one.
pub(crate) fn sibling(name: &str) -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    if !path.exists() {
        return Err(format!(
            "{} is not there; build it with `cargo build --release -p {name}` in benches",
            path.display()
        )
        .into());
    }
    Ok(path)
}

/// A program on one core. 0 is the server's, 1 that of the load.
pub(crate) fn on_core(core: u32, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", &core.to_string()]).arg(program);
    command
}

/// Runs a program to its end, and gives what it printed.
pub(crate) fn printed(command: &mut Command) -> Result<String> {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().map_err(|error| missing(command, &error))?;
    let (stdout, stderr) = (
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    );
    if !status.success() {
        return Err(format!("{command:?}: {status}\n{stdout}{stderr}").into());
    }
    Ok(stdout.into_owned())
}

/// What to do where a program could not be started.
pub(crate) fn missing(command: &Command, error: &io::Error) -> String {
    let program = command.get_program().display();
    format!("{program}: {error}; `benches/run` installs what it takes")
}

/// Asks a process to end, as `kill` does.
pub(crate) fn terminate(process: u32) -> Result<()> {
    printed(Command::new("kill").arg(process.to_string()))?;
    Ok(())
}
