//! CPU time per call, and calls per second.

use crate::load::Request;
use crate::peers::in_turn;
use crate::samples::Output;
use crate::server::Server;
use crate::{Plan, Result, cases};

/// Calls that are not measured, before those that are.
const BEFORE: u64 = 100;

/// In each round each server in turn, begun anew, so that whatever else the machine does hits all alike.
pub(crate) fn measure(output: &mut Output, plan: &Plan) -> Result<()> {
    for round in 0..plan.rounds {
        for case in cases::timed(plan) {
            let request = Request::write(&case)?;
            for peer in in_turn(case.peers(), round) {
                let server = Server::start(peer)?;
                server.call(&case, BEFORE.div_ceil(case.messages()))?;
                let before = server.cpu_ns()?;
                let done = request
                    .call(server.port, 1)
                    .map_err(|error| format!("{case}, {}: {error}", peer.name))?;
                let spent = server.cpu_ns()? - before;
                let (case, peer) = (case.to_string(), peer.name);
                let per_call = spent as f64 / done.calls as f64;
                output.sample(&case, peer, "cpu-ns", per_call.round(), round)?;
                output.sample(&case, peer, "calls-per-s", done.per_second, round)?;
                server.stop()?;
            }
        }
    }
    Ok(())
}
