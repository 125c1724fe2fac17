//! A server that runs.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::Result;
use crate::cases::Case;
use crate::peers::Peer;
use crate::process::{missing, on_core, printed, sibling, terminate, wait_for_end};

/// How long a server may take to start below its tool.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server, on the first core. It ends with this value.
pub(crate) struct Server {
    child: Child,
    /// The process of the server itself, which is below its tracer.
    process: u32,
    pub(crate) port: u16,
    counts: u16,
}

impl Server {
    pub(crate) fn start(peer: Peer) -> Result<Self> {
        let program = sibling(&format!("server-{}", peer.name))?;
        Self::spawn(&mut on_core(0, program), false)
    }

    /// One that counts its allocations, which takes time.
    pub(crate) fn counting(peer: Peer) -> Result<Self> {
        let program = sibling(&format!("server-{}", peer.name))?;
        Self::spawn(on_core(0, program).env("BENCH_COUNT", "1"), false)
    }

    /// Under a tool that runs the program in its own process (valgrind), or in one below (strace).
    pub(crate) fn under(mut tool: Command, peer: Peer, is_below: bool) -> Result<Self> {
        let program = sibling(&format!("server-{}", peer.name))?;
        Self::spawn(tool.arg(program), is_below)
    }

    fn spawn(command: &mut Command, is_below: bool) -> Result<Self> {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| missing(command, &error))?;
        let (told, line) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || {
                let mut line = String::new();
                // Nobody waits any more where it took too long.
                let _ = BufReader::new(stdout).read_line(&mut line);
                let _ = told.send(line);
            });
        }
        let line = line.recv_timeout(PATIENCE).unwrap_or_default();
        let ports = line.trim().split_once(' ');
        let ports =
            ports.and_then(|(port, counts)| Some((port.parse().ok()?, counts.parse().ok()?)));
        let Some((port, counts)) = ports else {
            let _ = child.kill();
            let status = child.wait()?;
            return Err(format!("{command:?} printed no ports: {line:?}, {status}").into());
        };
        let process = if is_below {
            let id = child.id();
            let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
            children.trim().parse()?
        } else {
            child.id()
        };
        Ok(Self {
            child,
            process,
            port,
            counts,
        })
    }

    /// An exact number of calls, one after the other.
    pub(crate) fn call(&self, case: &Case, calls: u64) -> Result<()> {
        self.load("calls", case, Some(calls))?;
        Ok(())
    }

    /// How many bytes a call brings that goes well: over HTTP/1.1 with the head, over HTTP/2 of data only.
    pub(crate) fn length(&self, case: &Case) -> Result<u64> {
        Ok(self.load("length", case, None)?.trim().parse()?)
    }

    fn load(&self, verb: &str, case: &Case, calls: Option<u64>) -> Result<String> {
        let mut load = on_core(1, sibling("load")?);
        load.args([verb, &self.port.to_string(), case.name, case.mode]);
        load.args(calls.map(|it| it.to_string()));
        if case.is_http2 {
            load.arg("h2");
        }
        printed(&mut load)
    }

    /// The CPU time of all threads so far, in ns: that of the user and that of the kernel.
    pub(crate) fn cpu_ns(&self) -> Result<u64> {
        let mut total = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.process))? {
            let times = fs::read_to_string(thread?.path().join("schedstat"))?;
            let on_cpu = times.split(' ').next().unwrap_or_default();
            total += on_cpu.parse::<u64>()?;
        }
        Ok(total)
    }

    /// The memory that is resident, in bytes.
    pub(crate) fn resident(&self) -> Result<u64> {
        let memory = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.process))?;
        let resident = memory.lines().find_map(|line| line.strip_prefix("Rss:"));
        let kilobytes = resident.and_then(|it| it.trim().strip_suffix(" kB"));
        let kilobytes: u64 = kilobytes.ok_or("no Rss in smaps_rollup")?.trim().parse()?;
        Ok(kilobytes * 1024)
    }

    /// How many allocations there were so far, and of how many bytes, of one that is [counting](Self::counting).
    pub(crate) fn allocations(&self) -> Result<(u64, u64)> {
        let mut told = String::new();
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.counts))?.read_to_string(&mut told)?;
        let (count, bytes) = told.trim().split_once(' ').ok_or("no counts")?;
        Ok((count.parse()?, bytes.parse()?))
    }

    /// Ends it, and waits until its tool has written what it found.
    pub(crate) fn stop(mut self) -> Result<()> {
        terminate(self.process)?;
        wait_for_end(&mut self.child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = terminate(self.process);
            let _ = wait_for_end(&mut self.child);
        }
    }
}
