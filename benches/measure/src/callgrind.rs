//! Instructions per call, which callgrind counts.

use std::process::Command;
use std::{fs, thread};

use crate::cases::Case;
use crate::peers::Peer;
use crate::process::sibling;
use crate::samples::Output;
use crate::server::Server;
use crate::{Plan, Result, cases};

/// The instructions of a run with as many calls, with those of start and end.
fn instructions(peer: Peer, case: &Case, calls: u64) -> Result<u64> {
    let name = format!("callgrind-{}-{calls}.log", peer.name);
    let log = sibling("load")?.with_file_name(name);
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(format!("--log-file={}", log.display()));
    let server = Server::under(valgrind, peer, false)?;
    server.call(case, calls)?;
    server.stop()?;
    let written = fs::read_to_string(&log)?;
    fs::remove_file(&log)?;
    let collected = written.split("Collected :").nth(1).map(str::trim);
    let collected = collected.and_then(|it| it.split_whitespace().next()?.parse().ok());
    collected.ok_or_else(|| format!("callgrind collected nothing:\n{written}").into())
}

/// Two runs, one with twice the calls: start and end are in both, and go away in the difference.
pub(crate) fn measure(output: &mut Output, plan: &Plan) -> Result<()> {
    for case in cases::counted(plan) {
        for peer in case.peers() {
            let calls = match case.name {
                "count-64" => 5,
                "ingest" => 100,
                _ => 400,
            };
            let (once, twice) = thread::scope(|scope| {
                let twice = scope.spawn(|| instructions(peer, &case, 2 * calls));
                let once = instructions(peer, &case, calls);
                (once, twice.join())
            });
            let twice = twice.map_err(|_| "a run of callgrind panicked")??;
            let per_unit = (twice - once?) as f64 / (calls * case.messages()) as f64;
            output.sample(
                &case.to_string(),
                peer.name,
                "instructions",
                per_unit.round(),
                0,
            )?;
        }
    }
    Ok(())
}
