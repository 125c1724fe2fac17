//! Replicas of the service, as processes of their own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;
use tokio::process::Command;

use crate::Fault;
use crate::process::Process;
use crate::site::Site;

const FIRST_PORT: u16 = 7001;

pub(crate) struct Replicas {
    program: PathBuf,
    /// How long they take calls after they were asked to end.
    drain_delay: Duration,
    running: Vec<Replica>,
}

struct Replica {
    address: SocketAddr,
    name: String,
    process: Option<Process>,
    /// How often it was started.
    starts: usize,
}

impl Replicas {
    /// Starts as many as `count`.
    pub(crate) async fn start(
        site: &Site,
        count: u16,
        drain_delay: Duration,
    ) -> Result<Self, Fault> {
        let program = std::env::current_exe()?.with_file_name("replica");
        let mut replicas = Self {
            program,
            drain_delay,
            running: Vec::new(),
        };
        for number in 0..count {
            replicas.running.push(Replica {
                address: SocketAddr::from((site.ip, FIRST_PORT + number)),
                name: String::new(),
                process: None,
                starts: 0,
            });
            replicas.start_one(number.into()).await?;
        }
        Ok(replicas)
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.running.iter().map(|replica| replica.address).collect()
    }

    /// The name that a replica has since it was started last.
    pub(crate) fn name(&self, index: usize) -> &str {
        &self.running[index].name
    }

    /// Starts one that does not run, under a new name.
    pub(crate) async fn start_one(&mut self, index: usize) -> Result<(), Fault> {
        let drain_delay = self.drain_delay;
        let replica = &mut self.running[index];
        replica.starts += 1;
        replica.name = format!("replica {}, start {}", index + 1, replica.starts);
        let mut command = Command::new(&self.program);
        command.arg(replica.address.to_string()).arg(&replica.name);
        command.arg(drain_delay.as_millis().to_string());
        // One that still drains would do so for long.
        command.kill_on_drop(true);
        let mut process = Process::start(&replica.name, &mut command)?;
        process.says("listening", 1).await?;
        replica.process = Some(process);
        Ok(())
    }

    /// Asks one to end, and waits until it has, gracefully.
    pub(crate) async fn end_one(&mut self, index: usize) -> Result<(), Fault> {
        let replica = &mut self.running[index];
        if let Some(process) = replica.process.take() {
            let log = process.log();
            let status = process.end().await?;
            if !status.success() {
                return Err(format!("{} ended with {status}:\n{log}", replica.name).into());
            }
        }
        Ok(())
    }

    /// Tells one that it is to end, once its drain delay is over.
    pub(crate) fn drain(&self, index: usize) -> Result<(), Fault> {
        self.signal(index, Signal::TERM)
    }

    /// Cuts its drain delay short.
    pub(crate) fn hurry(&self, index: usize) -> Result<(), Fault> {
        self.signal(index, Signal::INT)
    }

    fn signal(&self, index: usize, signal: Signal) -> Result<(), Fault> {
        let process = self.running[index].process.as_ref();
        Ok(process.map_or(Ok(()), |process| process.signal(signal))?)
    }

    pub(crate) async fn end(mut self) -> Result<(), Fault> {
        for index in 0..self.running.len() {
            self.end_one(index).await?;
        }
        Ok(())
    }
}
