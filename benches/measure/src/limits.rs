//! What the figures of grpcweb may be at most.

use std::fmt;

use crate::peers::BARE;

/// The most that a figure may be.
pub(crate) enum Limit {
    /// Of the figure of another peer.
    Ratio(&'static str, f64),
    /// By itself.
    Absolute(f64),
}

impl Limit {
    pub(crate) fn value(&self) -> f64 {
        match self {
            Self::Ratio(_, limit) | Self::Absolute(limit) => *limit,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(BARE, limit) => write!(f, "{limit:.2} of bare"),
            Self::Ratio(peer, limit) => write!(f, "{limit:.2} of {peer}"),
            Self::Absolute(limit) => write!(f, "{}", crate::figures::number(*limit)),
        }
    }
}

/// The limit of a figure, where it has one.
pub(crate) fn limit(part: &str, case: &str, metric: &str) -> Option<Limit> {
    use Limit::{Absolute, Ratio};
    // What else the label says (connections, tasks) has no limit of its own.
    let mut words = case.splitn(4, ' ');
    let (name, mode, protocol) = (words.next()?, words.next(), words.next());
    Some(match (part, metric, name, mode, protocol) {
        ("server", "cpu-ns", "echo-64", Some("binary"), Some("h1")) => Ratio(BARE, 1.10),
        ("server", "cpu-ns", "echo-64", Some("text"), _) => Ratio(BARE, 1.15),
        ("server", "cpu-ns", "echo-64k", ..) => Ratio(BARE, 1.05),
        ("server", "cpu-ns", "echo-1m", ..) => Ratio(BARE, 1.15),
        ("server", "cpu-ns", "count-64", _, Some("h1")) => Ratio(BARE, 1.40),
        ("server", "cpu-ns", "count-64", _, Some("h2")) => Ratio(BARE, 1.20),
        ("server", "cpu-ns", "count-16k", ..) => Ratio(BARE, 1.05),
        ("server", "cpu-ns", "ingest", ..) => Ratio(BARE, 4.0),
        ("server", "cpu-ns", "echo-64", Some("grpc"), _) => Ratio(BARE, 1.03),
        ("server", "instructions", "echo-64", Some("binary"), _) => Ratio(BARE, 1.10),
        ("server", "instructions", "echo-64", Some("text"), _) => Absolute(18_500.0),
        ("server", "instructions", "echo-64", Some("grpc"), _) => Absolute(41_000.0),
        ("server", "instructions", "count-64", ..) => Absolute(350.0),
        ("server", "allocations", "echo-64", Some("binary"), _) => Absolute(10.0),
        ("server", "allocations", "echo-64", Some("text"), _) => Absolute(12.0),
        ("server", "allocations", "echo-64", Some("grpc"), _) => Absolute(11.0),
        ("server", "allocations", "count-64", ..) => Absolute(1.0),
        ("server", "resident-bytes", "idle", ..) => Ratio(BARE, 1.05),
        ("client", "cpu-ns", "echo-64" | "echo-64k", ..) => Ratio(BARE, 1.05),
        ("client", "cpu-ns", "count-64", ..) => Ratio(BARE, 1.50),
        ("build", "crates", "hello-world", None, _) => Absolute(49.0),
        ("build", "build-cpu-s", "hello-world", None, _) => Ratio("tonic", 0.70),
        _ => return None,
    })
}
