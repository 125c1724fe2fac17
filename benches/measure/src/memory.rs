//! Resident memory: of the process, of a connection that is idle, and of a stream that is open.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::cases::Case;
use crate::peers::{BARE, Peer, SERVERS, in_turn};
use crate::process::sibling;
use crate::samples::Output;
use crate::server::Server;
use crate::{Plan, Result};

const CONNECTIONS: u64 = 1000;

/// What `load` keeps open: the name of the case, and what is called on each connection.
const KEPT: [(&str, &str); 2] = [
    ("idle connection binary h1", "echo-64"),
    ("open stream binary h1", "wait"),
];

/// The memory of the process before, and how much more it is with all connections.
fn grown(peer: Peer, case: &str) -> Result<(u64, u64)> {
    let server = Server::start(peer)?;
    server.call(&Case::http1("echo-64", "binary"), 1000)?;
    let before = server.resident()?;
    let mut load = Command::new(sibling("load")?)
        .args(["keep", &server.port.to_string(), case, "binary"])
        .arg(CONNECTIONS.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    if let Some(stdout) = load.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    let after = server.resident()?;
    drop(load.stdin.take());
    load.wait()?;
    if line.trim() != "kept" {
        return Err(format!(
            "{CONNECTIONS} connections to {} did not come about; `ulimit -n 4096` allows for them",
            peer.name
        )
        .into());
    }
    server.stop()?;
    Ok((before, after.saturating_sub(before)))
}

pub(crate) fn measure(output: &mut Output, plan: &Plan) -> Result<()> {
    for (label, case) in KEPT.into_iter().filter(|(label, _)| plan.has(label)) {
        for round in 0..plan.rounds.min(3) {
            for peer in in_turn(SERVERS.to_vec(), round) {
                let (process, grown) = grown(peer, case)?;
                let per_connection = grown as f64 / CONNECTIONS as f64;
                output.sample(label, peer.name, "resident-bytes", per_connection, round)?;
                // Bare holds all of its answers from the start.
                if case == "echo-64" && peer.name != BARE {
                    let label = "process after 1,000 calls";
                    output.sample(label, peer.name, "resident-bytes", process as f64, round)?;
                }
            }
        }
    }
    Ok(())
}
