//! What the clients of the benchmark share: how calls are made, and what is counted of them.
//!
//! `client-X PORT CASE CALLS` makes so many calls to the server of `servers/bare` on that port, and prints
//! three numbers, each per call: nanoseconds of CPU time (of all threads, in user space and in the kernel),
//! allocations, and bytes allocated, which are 0 where the environment has no `BENCH_COUNT=1`. The cases are `echo-64`, `echo-64k`, `ingest`, `count-64` and
//! `count-16k`. Unary calls are made by 16 tasks at once, streams are read one after the other, all on one
//! worker thread.
//!
//! A few calls are made before anything is counted, and the messages of all requests are there by then: what
//! is measured is to encode them, to let go of them, the exchange, and to decode every response.
//!
//! `clients/run FILE ROUNDS [--short]` builds the clients and the server, runs them all, and writes what
//! they print, and their instructions by callgrind, as `FILE`.

#[path = "../../../load/src/case.rs"]
#[expect(
    dead_code,
    reason = "requests have headers too, which clients make by themselves"
)]
mod case;

use std::error::Error;
use std::fs;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use tokio::runtime::{self, Runtime};
use tokio::task::JoinSet;

use case::Case;

/// Why a call failed.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// How many unary calls are made at once.
const TASKS: usize = 16;

/// How many bytes of a frame come before its message.
const PREFIX: usize = 5;

/// A client, which makes the calls of one case.
pub trait Peer: Sized + Send + Sync + 'static {
    /// What a call is made with, and takes with it.
    type Request: Send + 'static;

    /// A client of the server on a port of this machine. `message` is the request, encoded.
    ///
    /// # Errors
    ///
    /// Where the client cannot be made.
    fn new(port: u16, case: &'static str, message: &[u8]) -> Result<Self, BoxError>;

    /// What the next call is made with.
    fn request(&self) -> Self::Request;

    /// Makes a call, and says how many messages came back, and how many bytes of payload.
    fn call(
        &self,
        request: Self::Request,
    ) -> impl Future<Output = Result<(u64, u64), BoxError>> + Send;
}

/// A case: its name, how many messages and bytes of payload a response has, and how many calls are made at
/// once and before they are counted.
struct Plan {
    name: &'static str,
    expected: (u64, u64),
    tasks: usize,
    before: usize,
}

const PLANS: [Plan; 5] = [
    Plan::unary("echo-64", 64),
    Plan::unary("echo-64k", 64 * 1024),
    Plan::unary("ingest", 50),
    Plan::stream("count-64", 10_000, 64),
    Plan::stream("count-16k", 1_000, 16 * 1024),
];

impl Plan {
    const fn unary(name: &'static str, bytes: u64) -> Self {
        Self {
            name,
            expected: (1, bytes),
            tasks: TASKS,
            before: 16 * TASKS,
        }
    }

    const fn stream(name: &'static str, messages: u64, size: u64) -> Self {
        Self {
            name,
            expected: (messages, messages * size),
            tasks: 1,
            before: 2,
        }
    }
}

/// The program of a client.
///
/// # Errors
///
/// Where the arguments are no such, a call fails, or its response is not the expected one.
pub fn run<P: Peer>() -> Result<(), BoxError> {
    harness::count_if_asked();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [port, case, calls] = &arguments[..] else {
        return Err("usage: client-X PORT CASE CALLS".into());
    };
    let plan = PLANS.iter().find(|plan| plan.name == case);
    let plan = plan.ok_or_else(|| format!("there is no case {case}"))?;
    let case = Case::parse(case, "binary")?;
    let message = case.body.get(PREFIX..).unwrap_or_default();
    let calls: usize = calls.parse()?;
    let port = port.parse()?;
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let peer = runtime.block_on(async {
        let peer = Arc::new(P::new(port, plan.name, message)?);
        all(&peer, plan, requests(&*peer, plan, plan.before)).await?;
        Ok::<_, BoxError>(peer)
    })?;
    let counted: Calls<'_> = Box::pin(all(&peer, plan, requests(&*peer, plan, calls)));
    let (count, bytes) = harness::allocated();
    let ns = cpu_ns()?;
    counted_calls(&runtime, counted)?;
    let ns = cpu_ns()? - ns;
    let (count_after, bytes_after) = harness::allocated();
    let each = |total: u64| total as f64 / calls as f64;
    let (count, bytes) = (count_after - count, bytes_after - bytes);
    println!("{:.1} {:.2} {:.1}", each(ns), each(count), each(bytes));
    Ok(())
}

type Calls<'a> = Pin<Box<dyn Future<Output = Result<(), BoxError>> + 'a>>;

/// What `clients/run` has callgrind count. Not generic, so that there is one function of that name.
#[inline(never)]
fn counted_calls(runtime: &Runtime, calls: Calls<'_>) -> Result<(), BoxError> {
    runtime.block_on(calls)
}

/// What so many calls are made with, for each task.
fn requests<P: Peer>(peer: &P, plan: &Plan, calls: usize) -> Vec<Vec<P::Request>> {
    (0..plan.tasks)
        .map(|task| {
            let calls = calls / plan.tasks + usize::from(task < calls % plan.tasks);
            (0..calls).map(|_| peer.request()).collect()
        })
        .collect()
}

async fn all<P: Peer>(
    peer: &Arc<P>,
    plan: &Plan,
    requests: Vec<Vec<P::Request>>,
) -> Result<(), BoxError> {
    let mut tasks = JoinSet::new();
    let expected = plan.expected;
    for requests in requests {
        let peer = Arc::clone(peer);
        tasks.spawn(async move {
            for request in requests {
                let received = peer.call(request).await?;
                if received != expected {
                    return Err(format!("{received:?} came back, not {expected:?}").into());
                }
            }
            Ok::<_, BoxError>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

/// The CPU time of all threads so far, as the scheduler counts it.
fn cpu_ns() -> io::Result<u64> {
    let mut sum = 0;
    for thread in fs::read_dir("/proc/self/task")? {
        let times = fs::read_to_string(thread?.path().join("schedstat"))?;
        let running = times.split(' ').next().unwrap_or_default();
        sum += running.parse::<u64>().map_err(io::Error::other)?;
    }
    Ok(sum)
}
