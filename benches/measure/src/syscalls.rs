//! Syscalls per call, which strace counts.

use std::fs;
use std::process::Command;

use crate::cases::Case;
use crate::peers::Peer;
use crate::process::sibling;
use crate::samples::Output;
use crate::server::Server;
use crate::{Plan, Result, cases};

/// The syscalls of a run with as many calls, with those of start and end.
fn syscalls(peer: Peer, case: &Case, calls: u64) -> Result<u64> {
    let log = sibling("load")?.with_file_name(format!("strace-{}.log", peer.name));
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-c", "-U", "calls,name", "-o"])
        .arg(&log);
    let server = Server::under(strace, peer, true)?;
    server.call(case, calls)?;
    server.stop()?;
    let written = fs::read_to_string(&log)?;
    fs::remove_file(&log)?;
    let total = written.lines().find_map(|line| line.strip_suffix(" total"));
    let total = total.and_then(|it| it.trim().parse().ok());
    total.ok_or_else(|| format!("strace counted nothing:\n{written}").into())
}

/// Two runs, one with more calls: start and end are in both, and go away in the difference.
pub(crate) fn measure(output: &mut Output, plan: &Plan) -> Result<()> {
    for case in cases::counted(plan) {
        for peer in case.peers() {
            let calls = if case.messages() > 1 { 10 } else { 500 };
            let fewer = syscalls(peer, &case, calls)?;
            let more = syscalls(peer, &case, 3 * calls)?;
            let per_call = (more - fewer) as f64 / (2 * calls) as f64;
            output.sample(&case.to_string(), peer.name, "syscalls", per_call, 0)?;
        }
    }
    Ok(())
}
