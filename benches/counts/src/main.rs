//! Counts the instructions and the allocations of calls, and compares them with recorded ones: see README.md.

mod bare;
mod callgrind;
mod case;
mod client;
mod compare;
mod exercise;
mod http1;
mod http2;
mod pipe;
mod recorded;
mod service;
mod views;
mod wire;

use std::env::args;
use std::error::Error;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use callgrind::Cost;
use case::{CASES, Case, Peer};
use compare::compare;
use recorded::Recorded;

/// How often a case that seems to have grown is counted again.
const RETRIES: usize = 2;

const USAGE: &str =
    "usage: counts check FILE DIR | record FILE DIR | look DIR CASE [PEER] | exercise CASE PEER";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["check", file, dir] => return check(Path::new(file), Path::new(dir)),
        ["record", file, dir] => record(Path::new(file), Path::new(dir))?,
        ["look", dir, case] => look(dir, case, Peer::Ours)?,
        ["look", dir, case, peer] => look(dir, case, parse(peer)?)?,
        ["exercise", case, peer] => {
            println!("{}", exercise::exercise(find(case)?, parse(peer)?)?);
        }
        _ => return Err(USAGE.into()),
    }
    Ok(ExitCode::SUCCESS)
}

fn look(dir: &str, case: &str, peer: Peer) -> Result<(), Box<dyn Error>> {
    callgrind::look(Path::new(dir), find(case)?, peer)?;
    Ok(())
}

/// Compares all cases with what is recorded.
fn check(file: &Path, dir: &Path) -> Result<ExitCode, Box<dyn Error>> {
    let recorded = Recorded::read(file)?;
    let mut grown = vec![];
    let mut has_shrunk = false;
    for case in CASES {
        let Some(before) = recorded.of(case) else {
            grown.push(format!("{}: not recorded", case.name));
            continue;
        };
        let (mut ours, mut bare) = count(dir, case)?;
        // What happens now and then only adds to what a call costs.
        for _ in 0..RETRIES {
            if compare((ours, bare), before, case.parts()).grown.is_empty() {
                break;
            }
            let again = callgrind::count(dir, case)?;
            (ours, bare) = (ours.min(again.0), bare.min(again.1));
        }
        let findings = compare((ours, bare), before, case.parts());
        for found in findings.shrunk {
            has_shrunk = true;
            println!("less than recorded: {}: {found}", case.name);
        }
        let found = findings.grown.into_iter();
        grown.extend(found.map(|found| format!("{}: {found}", case.name)));
    }
    let unknown = recorded.names().filter(|name| find(name).is_err());
    grown.extend(unknown.map(|name| format!("{name}: recorded, but there is no such case")));
    if has_shrunk {
        println!("To keep what was gained: benches/counts/run --record");
    }
    if grown.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    for found in grown {
        eprintln!("more than recorded: {found}");
    }
    eprintln!("{}", compare::advice(&recorded));
    Ok(ExitCode::FAILURE)
}

fn record(file: &Path, dir: &Path) -> io::Result<()> {
    let mut counted = vec![];
    for case in CASES {
        let (ours, bare) = count(dir, case)?;
        counted.push((case, ours, bare));
    }
    recorded::write(file, &counted)
}

fn count(dir: &Path, case: Case) -> io::Result<(Cost, Cost)> {
    let (ours, bare) = callgrind::count(dir, case)?;
    println!(
        "{:<28}{:>10.0} instructions ({:.2} of bare){:>9.2} allocations (bare {:.2})",
        case.name,
        ours.instructions,
        ours.instructions / bare.instructions,
        ours.allocations,
        bare.allocations
    );
    Ok((ours, bare))
}

fn find(name: &str) -> Result<Case, String> {
    let found = CASES.into_iter().find(|case| case.name == name);
    found.ok_or_else(|| {
        let names = CASES.map(|case| case.name).join(", ");
        format!("there is no case {name}; there are {names}")
    })
}

fn parse(peer: &str) -> Result<Peer, String> {
    let found = Peer::ALL.into_iter().find(|it| it.name() == peer);
    found.ok_or_else(|| format!("there is no peer {peer}; there are ours and bare"))
}
