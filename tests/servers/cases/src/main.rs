//! Calls servers of others with the clients of grpcweb, case by case. Started by `tests/servers/run`.
//!
//! Arguments are `NAME=URL` of each server. It prints a table and exits with 0 only where every cell is as
//! expected.

mod asynchronous;
mod blocking;
mod call;
mod cases;
mod kinds;
mod running;
mod servers;
mod table;
mod turns;

/// The code generated from the protos of `tests/interop`.
mod proto {
    grpcweb_runtime::include_protos!();
}

use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use crate::call::Caller;
use crate::cases::{CASES, Case};
use crate::kinds::{KINDS, Kind};
use crate::servers::{SERVERS, Server};
use crate::table::{Cell, Row, Table};

/// How long a call may take before it counts as hung: longer than any is to.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let mut table = Table::default();
    for argument in std::env::args().skip(1) {
        let Some((server, url)) = find(&argument) else {
            eprintln!("{argument:?} is not the NAME=URL of a server");
            return ExitCode::from(2);
        };
        for kind in KINDS.iter().filter(|kind| (server.takes)(kind)) {
            match kind.connect(url) {
                Ok(caller) => table.rows.push(row(server, kind, &caller)),
                Err(error) => {
                    eprintln!("{error}");
                    return ExitCode::from(2);
                }
            }
        }
    }
    print!("{table}");
    if table.rows.is_empty() || table.failed() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn find(argument: &str) -> Option<(&'static Server, &str)> {
    let (name, url) = argument.split_once('=')?;
    let server = SERVERS.iter().find(|server| server.name == name)?;
    Some((server, url))
}

fn row(server: &'static Server, kind: &'static Kind, caller: &Arc<dyn Caller>) -> Row {
    let cells = CASES.iter().map(|case| {
        let deviations = server.deviations_of(kind, case.name);
        Cell::of(result(case, Arc::clone(caller)), deviations)
    });
    Row {
        server: server.name,
        kind: kind.name,
        cells: cells.collect(),
    }
}

/// Runs a case on a thread of its own, which is left behind where the call hangs.
fn result(case: &'static Case, caller: Arc<dyn Caller>) -> Result<(), String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let outcome = caller.call((case.call)());
        // Nobody listens any more where this came too late.
        let _ = sender.send((case.check)(&outcome));
    });
    match receiver.recv_timeout(PATIENCE) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => Err(format!("hung for {PATIENCE:?}")),
        Err(mpsc::RecvTimeoutError::Disconnected) => Err("the client panicked".into()),
    }
}
