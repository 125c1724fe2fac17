//! How long the first message of a stream takes that stays open after it.

use crate::peers::{SERVERS, in_turn};
use crate::process::{on_core, printed, sibling};
use crate::samples::Output;
use crate::server::Server;
use crate::{Plan, Result};

const LABEL: &str = "first message binary h1";

pub(crate) fn measure(output: &mut Output, plan: &Plan) -> Result<()> {
    if !plan.has(LABEL) {
        return Ok(());
    }
    let streams = if plan.is_short { "300" } else { "2000" };
    for round in 0..plan.rounds {
        for peer in in_turn(SERVERS.to_vec(), round) {
            let server = Server::start(peer)?;
            let mut load = on_core(1, sibling("load")?);
            load.args(["first", &server.port.to_string(), "binary", streams]);
            let printed = printed(&mut load)?;
            let (median, late) = printed.trim().split_once(' ').ok_or("no latencies")?;
            output.sample(
                LABEL,
                peer.name,
                "latency-median-ns",
                median.parse()?,
                round,
            )?;
            output.sample(LABEL, peer.name, "latency-p99-ns", late.parse()?, round)?;
            server.stop()?;
        }
    }
    Ok(())
}
