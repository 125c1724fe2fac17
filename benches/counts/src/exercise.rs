//! Makes the calls that are counted, in this process and on this thread.

use std::fmt;
use std::io;
use std::pin::Pin;

use tokio::runtime::{self, Runtime};

use crate::case::{Case, Peer};

/// Made before, so that buffers and tables have their size.
const WARM_UP: u32 = 5;

/// What callgrind calls [`counted_calls`].
pub(crate) const COUNTED: &str = "counts::exercise::counted_calls";

type Calls<'a> = Pin<Box<dyn Future<Output = io::Result<()>> + 'a>>;

/// What all the calls of a case allocate.
pub(crate) struct Allocated {
    pub(crate) allocations: u64,
    pub(crate) bytes: u64,
}

impl fmt::Display for Allocated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.allocations, self.bytes)
    }
}

impl Allocated {
    /// Reads what its `Display` wrote.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let (allocations, bytes) = line.split_once(' ')?;
        Some(Self {
            allocations: allocations.parse().ok()?,
            bytes: bytes.parse().ok()?,
        })
    }
}

/// Makes the calls of a case.
///
/// # Errors
///
/// Where one fails, or is not answered in full.
pub(crate) fn exercise(case: Case, peer: Peer) -> io::Result<Allocated> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut caller = runtime.block_on(case.caller(peer))?;
    let mut calls = async |count| {
        for _ in 0..count {
            let len = caller.call().await?;
            if len < case.least() {
                return Err(io::Error::other(format!("only {len} bytes came back")));
            }
        }
        Ok(())
    };
    runtime.block_on(calls(WARM_UP))?;
    let calls: Calls<'_> = Box::pin(calls(case.calls()));
    harness::count_from_here();
    let before = harness::allocated();
    counted_calls(&runtime, calls)?;
    let after = harness::allocated();
    Ok(Allocated {
        allocations: after.0 - before.0,
        bytes: after.1 - before.1,
    })
}

/// Not generic, so that there is one function of that name.
#[inline(never)]
fn counted_calls(runtime: &Runtime, calls: Calls<'_>) -> io::Result<()> {
    runtime.block_on(calls)
}
