use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use calls::wire::{self, BINARY, GRPC, Reply, message};
use calls::{RawConnection, note};
use grpcweb_runtime::{Body, Channel};
use http::Request;
use tokio::time::timeout;
use tower_service::Service as _;

/// How long anything may take that has to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const MIB: u64 = 1024 * 1024;

/// A server in a process of its own.
pub(crate) struct Victim {
    process: Child,
    pub(crate) address: String,
    /// What it had in memory when it had answered its first calls.
    at_rest: u64,
}

impl Victim {
    pub(crate) async fn start(max_calls: usize) -> Self {
        raise_limit_of_files();
        let mut process = Command::new(env!("CARGO_BIN_EXE_hostile"))
            .arg(max_calls.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut address = String::new();
        let out = process.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut address).unwrap();
        let mut victim = Self {
            process,
            address: address.trim().to_owned(),
            at_rest: 0,
        };
        victim.answers().await;
        victim.at_rest = victim.status("VmRSS");
        victim
    }

    /// Checks that it answers an ordinary call over either version of HTTP.
    pub(crate) async fn answers(&self) {
        for (http2, content_type) in [(false, BINARY), (true, BINARY), (true, GRPC)] {
            assert_eq!(self.code_of_echo(http2, content_type).await, 0);
        }
    }

    /// The code of the answer to an ordinary call.
    pub(crate) async fn code_of_echo(&self, http2: bool, content_type: &str) -> u32 {
        let request = wire::request("Echo", content_type, [&message("hello")[..]]);
        let reply = self.reply(http2, request).await;
        let code = reply.code();
        if code == 0 {
            assert_eq!(reply.read().0, [note("hello")]);
        }
        code
    }

    pub(crate) async fn reply(&self, http2: bool, request: Request<Body>) -> Reply {
        let mut channel = self.channel(http2);
        let call = async { Reply::collect(channel.call(request).await.unwrap()).await };
        timeout(PATIENCE, call)
            .await
            .expect("an answer in time")
            .unwrap()
    }

    pub(crate) fn channel(&self, http2: bool) -> Channel {
        let builder = Channel::builder();
        let builder = if http2 {
            builder.http2_prior_knowledge()
        } else {
            builder
        };
        builder.build(&format!("http://{}", self.address)).unwrap()
    }

    pub(crate) async fn connect(&self) -> RawConnection {
        RawConnection::open(&self.address).await
    }

    /// Checks that it never had so much more in memory than at rest, and answers.
    pub(crate) async fn assert_unharmed(&self, limit: u64) {
        self.answers().await;
        let grown = self.status("VmHWM").saturating_sub(self.at_rest);
        println!(
            "the peak was {} KiB over {} KiB",
            grown / 1024,
            self.at_rest / 1024
        );
        assert!(
            grown <= limit,
            "the server had {grown} bytes more in memory than at rest, over {limit}"
        );
    }

    /// A number of `/proc/<pid>/status`, in bytes.
    fn status(&self, name: &str) -> u64 {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(path).unwrap();
        let mut lines = status.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = lines.find(|(key, _)| *key == name).unwrap();
        let kib = value.trim().strip_suffix(" kB").unwrap();
        kib.parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Allows this process, and those that it starts, as many files as it may have. Returns how many.
pub(crate) fn raise_limit_of_files() -> u64 {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    limit.maximum.unwrap_or(u64::MAX)
}
