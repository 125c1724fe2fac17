//! Calls replicas of our server through a proxy. Started by `tests/proxies/run`: see its README.

mod cases;
mod front;
mod kinds;
mod load;
mod process;
mod replicas;
mod restarts;
mod site;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Arg, ArgAction, Command, value_parser};

use tokio::signal::unix::{SignalKind, signal};

use crate::cases::CASES;
use crate::front::{Front, Without};
use crate::kinds::KINDS;
use crate::load::Counts;
use crate::replicas::Replicas;
use crate::site::Site;

/// How long something may take that is to happen: longer than it ever does.
const PATIENCE: Duration = Duration::from_secs(20);

type Fault = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = command().get_matches();
    let proxy: &String = arguments.get_one("proxy").expect("clap asks for it");
    let without = arguments.get_many("without").unwrap_or_default();
    let without = Without(without.cloned().collect());
    let rounds = *arguments.get_one("rounds").unwrap_or(&1);
    let only: Option<&String> = arguments.get_one("only");
    let wanted = |part: &str| only.is_none_or(|only| only == part);
    let result = async {
        let mut failed = 0;
        if wanted("cases") {
            failed += each_case(proxy, &without).await?;
        }
        if wanted("rolling") {
            let counts = restarts::rolling(proxy, &without, rounds).await?;
            failed += report(proxy, "rolling restart", &counts);
        }
        if wanted("replaced") {
            let counts = restarts::replaced(proxy, &without, rounds).await?;
            failed += report(proxy, "replicas removed and added", &counts);
        }
        // nginx asks nobody for his health.
        if wanted("drained") && proxy == "envoy" {
            let counts = restarts::drained(proxy, &without).await?;
            failed += report(proxy, "replicas drained", &counts);
        }
        Ok::<usize, Fault>(failed)
    };
    // What runs beside this is told to end wherever this does.
    let result = tokio::select! {
        result = result => result,
        signal = told_to_end() => signal.and(Err("told to end".into())),
    };
    match result {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failed) => {
            eprintln!("{failed} failed");
            ExitCode::FAILURE
        }
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

async fn told_to_end() -> Result<(), Fault> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    }
}

fn command() -> Command {
    Command::new("proxies")
        .about("Calls replicas of our server through a proxy")
        .arg(
            Arg::new("proxy")
                .required(true)
                .value_parser(["nginx", "envoy"]),
        )
        .arg(
            Arg::new("rounds")
                .long("rounds")
                .value_name("N")
                .value_parser(value_parser!(usize))
                .help("How often replicas are restarted: 1 unless given"),
        )
        .arg(
            Arg::new("only")
                .long("only")
                .value_name("PART")
                .value_parser(["cases", "rolling", "replaced", "drained"]),
        )
        .arg(
            Arg::new("without")
                .long("without")
                .value_name("TEXT")
                .action(ArgAction::Append)
                .help("Leaves the lines of its file out that have this text"),
        )
}

/// Calls one replica. Returns how many cases failed.
async fn each_case(proxy: &str, without: &Without) -> Result<usize, Fault> {
    let site = Site::new()?;
    let replicas = Replicas::start(&site, 1, Duration::ZERO).await?;
    let front = Front::start(proxy, &site, &replicas.addresses(), without).await?;
    let (mut passed, mut failed) = (0, 0);
    for kind in KINDS {
        let probe = kind.client(&site, &front, None)?;
        for case in CASES.iter().filter(|case| front.can(kind, case)) {
            match cases::run(case, probe.clone()).await {
                Ok(()) => passed += 1,
                Err(fault) => {
                    failed += 1;
                    println!("FAILED: {proxy}: {}: {}: {fault}", kind.name, case.name);
                }
            }
        }
    }
    println!("{proxy}: cases: {passed} passed, {failed} failed");
    if failed > 0 {
        eprintln!("{}", front.log());
    }
    front.end().await?;
    replicas.end().await?;
    Ok(failed)
}

/// Prints what became of a load. Returns how much of it failed.
fn report(proxy: &str, what: &str, counts: &Counts) -> usize {
    for failure in &counts.failures {
        println!("FAILED: {proxy}: {what}: {failure}");
    }
    println!(
        "{proxy}: {what}: {} calls, {} failed; {} streams ended ({} items), {} with the status of \
         their replica, {} otherwise",
        counts.calls,
        counts.calls_failed,
        counts.streams,
        counts.items,
        counts.streams_told,
        counts.streams_broken,
    );
    counts.failed()
}
