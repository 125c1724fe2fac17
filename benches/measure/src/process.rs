//! Programs that are started, and how they end.

use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Output};
use std::thread;
use std::time::{Duration, Instant};

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

/// How many seconds a program may take: it takes a few.
const PATIENCE: &str = "600";

/// Runs a program to its end, and gives what it printed.
pub(crate) fn printed(command: &mut Command) -> Result<String> {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new("timeout")
        .args([PATIENCE.as_ref(), command.get_program()])
        .args(command.get_args())
        .output()
        .map_err(|error| missing(command, &error))?;
    let (stdout, stderr) = (
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    );
    if !status.success() {
        let why = match status.code() {
            Some(124) => format!("took more than {PATIENCE} s"),
            Some(127) => "is not there; `benches/run` installs what it takes".to_owned(),
            _ => status.to_string(),
        };
        return Err(format!("{command:?}: {why}\n{stdout}{stderr}").into());
    }
    Ok(stdout.into_owned())
}

/// What to do where a program could not be started.
pub(crate) fn missing(command: &Command, error: &io::Error) -> String {
    let program = command.get_program().display();
    format!("{program}: {error}; `benches/run` installs what it takes")
}

/// Waits for the end of a program that was asked to end, or ends it where it does not.
pub(crate) fn wait_for_end(child: &mut Child) -> Result<()> {
    let asked = Instant::now();
    while child.try_wait()?.is_none() {
        if asked.elapsed() > Duration::from_secs(60) {
            child.kill()?;
            child.wait()?;
            return Err("a program was asked to end, and had not done so a minute later".into());
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Asks a process to end, as `kill` does.
pub(crate) fn terminate(process: u32) -> Result<()> {
    printed(Command::new("kill").arg(process.to_string()))?;
    Ok(())
}
