use std::num::ParseIntError;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use tracing_subscriber::filter::LevelFilter;

/// A warehouse that is ready to be operated.
#[derive(Debug, Parser)]
pub(crate) struct Settings {
    /// Where calls are taken, unless systemd or systemfd hands a socket over.
    #[arg(long, env, default_value = "127.0.0.1:8080")]
    pub(crate) address: String,

    /// Where the pages for operators are, /metrics and /readyz: not for the internet.
    #[arg(long, env, default_value = "127.0.0.1:9090")]
    pub(crate) internal_address: String,

    /// The certificate, PEM. Read again at SIGHUP, with its key.
    #[arg(long, env, requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The key of the certificate, PEM.
    #[arg(long, env, requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// The proxies whose X-Forwarded-For is believed: networks and addresses, with commas between.
    #[arg(long, env, value_delimiter = ',')]
    pub(crate) trusted_proxies: Vec<String>,

    /// How many calls a client may make in a minute, on average.
    #[arg(long, env, default_value_t = 600)]
    pub(crate) calls_per_minute: u32,

    /// How many of them at once, after a pause.
    #[arg(long, env, default_value_t = 100)]
    pub(crate) burst: u32,

    /// How many calls may run at once, of all clients.
    #[arg(long, env, default_value_t = 1000)]
    pub(crate) concurrent_calls: usize,

    /// How many seconds a call may take.
    #[arg(long, env, value_parser = seconds, default_value = "10")]
    pub(crate) timeout: Duration,

    /// For how many seconds calls are taken after SIGTERM, so that load balancers notice.
    #[arg(long, env, value_parser = seconds, default_value = "10")]
    pub(crate) drain_delay: Duration,

    /// How many seconds the calls that are running then have to end.
    #[arg(long, env, value_parser = seconds, default_value = "30")]
    pub(crate) grace_period: Duration,

    /// Tells everybody who can call which methods there are.
    #[arg(long, env)]
    pub(crate) reflection: bool,

    /// What is logged: error, warn, info, debug or trace, and what is more severe.
    #[arg(long, env, default_value = "info")]
    pub(crate) log: LevelFilter,
}

impl Settings {
    /// The certificate and its key, where there is TLS.
    pub(crate) fn tls_files(&self) -> Option<(&Path, &Path)> {
        self.tls_cert.as_deref().zip(self.tls_key.as_deref())
    }
}

fn seconds(text: &str) -> Result<Duration, ParseIntError> {
    text.parse().map(Duration::from_secs)
}
