//! CPU time per call, and calls per second.

use crate::cases::Case;
use crate::load::Request;
use crate::peers::{Peer, in_turn};
use crate::samples::Output;
use crate::server::Server;
use crate::{Plan, Result, cases};

/// Calls that are not measured, before those that are.
const BEFORE: u64 = 100;

/// The CPU time of a call in ns, and calls per second.
fn of_calls(case: &Case, request: &Request, peer: Peer) -> Result<(f64, f64)> {
    let server = Server::start(peer)?;
    server.call(case, BEFORE.div_ceil(case.messages()))?;
    let length = server.length(case)?;
    let before = server.cpu_ns()?;
    let done = request.call(server.port, 1)?;
    let spent = server.cpu_ns()? - before;
    done.check(length, case.at_a_time())?;
    server.stop()?;
    Ok((spent as f64 / done.calls as f64, done.per_second))
}

/// In each round each server in turn, begun anew, so that whatever else the machine does hits all alike.
pub(crate) fn measure(output: &mut Output, plan: &Plan) -> Result<()> {
    for round in 0..plan.rounds {
        for case in cases::timed(plan) {
            let request = Request::write(&case)?;
            for peer in in_turn(case.peers(), round) {
                let (per_call, per_second) = of_calls(&case, &request, peer)
                    .map_err(|error| format!("{case}, {}: {error}", peer.name))?;
                let (case, peer) = (case.to_string(), peer.name);
                output.sample(&case, peer, "cpu-ns", per_call.round(), round)?;
                output.sample(&case, peer, "calls-per-s", per_second, round)?;
            }
        }
    }
    Ok(())
}
