//! What the figures of grpcweb may be at most.

use std::fmt;

use crate::peers::{BARE, OURS, TONIC, VIEWS};

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
            Self::Ratio(peer, limit) => write!(f, "{limit:.2} of {peer}"),
            Self::Absolute(limit) => write!(f, "{}", crate::figures::number(*limit)),
        }
    }
}

/// Whose figures a limit is for.
pub(crate) fn limited(case: &str) -> &'static str {
    if case.starts_with("ingest") {
        VIEWS.name
    } else {
        OURS
    }
}

/// The limit of CPU time as a share of tonic-web's: the limits by bare hyper were set where that took so much less
/// than tonic-web. What a bare server does varies more than what the peers do.
pub(crate) fn limit_by_tonic(part: &str, case: &str) -> Option<Limit> {
    let mut words = case.splitn(4, ' ');
    let (name, mode, protocol) = (words.next()?, words.next(), words.next());
    let tonic_by_bare = match (part, name, mode, protocol) {
        ("server", "echo-64", Some("binary"), Some("h1")) => 1.40,
        ("server", "echo-64", Some("text"), _) => 1.61,
        ("server", "echo-64", Some("grpc"), _) => 1.13,
        ("server", "echo-64k", Some("binary"), _) => 1.20,
        ("server", "echo-64k", Some("text"), _) => 2.29,
        ("server", "echo-1m", ..) => 1.59,
        ("server", "count-64", _, Some("h1")) => 1.92,
        ("server", "count-64", _, Some("h2")) => 1.33,
        ("server", "count-16k", ..) => 1.19,
        ("server", "ingest", ..) => 10.1,
        ("client", "echo-64", ..) => 1.22,
        ("client", "count-64", ..) => 2.65,
        _ => return None,
    };
    match limit(part, case, "cpu-ns")? {
        Limit::Ratio(BARE, by_bare) => Some(Limit::Ratio(TONIC, by_bare / tonic_by_bare)),
        _ => None,
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
        ("build", "build-cpu-s", "hello-world", None, _) => Ratio(TONIC, 0.70),
        _ => return None,
    })
}
