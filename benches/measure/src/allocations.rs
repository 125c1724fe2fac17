//! Allocations per call, and their bytes: the servers count them in their allocator, where they are asked to.

use crate::samples::Output;
use crate::server::Server;
use crate::{Plan, Result, cases};

/// One call after the other on one connection; of streams it is the figure of a message.
pub(crate) fn measure(output: &mut Output, plan: &Plan) -> Result<()> {
    for case in cases::counted(plan) {
        for peer in case.peers() {
            let server = Server::counting(peer)?;
            let calls = if case.messages() > 1 { 10 } else { 1000 };
            server.call(&case, calls)?;
            let (count, bytes) = server.allocations()?;
            server.call(&case, calls)?;
            let (count, bytes) = {
                let after = server.allocations()?;
                (after.0 - count, after.1 - bytes)
            };
            let units = (calls * case.messages()) as f64;
            let (case, peer) = (case.to_string(), peer.name);
            output.sample(&case, peer, "allocations", count as f64 / units, 0)?;
            output.sample(&case, peer, "allocated-bytes", bytes as f64 / units, 0)?;
            server.stop()?;
        }
    }
    Ok(())
}
