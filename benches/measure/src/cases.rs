//! What is measured.

use std::fmt;

use crate::Plan;
use crate::peers::{Peer, SERVERS};

/// How the calls are made.
#[derive(Clone, Copy)]
pub(crate) enum Protocol {
    /// HTTP/1.1, on as many connections.
    Http1(u32),
    /// HTTP/2, on one connection with as many streams at a time.
    Http2(u32),
}

/// A kind of call.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    /// The name that `load` knows.
    pub(crate) name: &'static str,
    /// `binary`, `text` or `grpc`.
    pub(crate) mode: &'static str,
    pub(crate) protocol: Protocol,
}

impl Case {
    /// HTTP/1.1, on 16 connections where there is more than one.
    pub(crate) const fn http1(name: &'static str, mode: &'static str) -> Self {
        Self {
            name,
            mode,
            protocol: Protocol::Http1(16),
        }
    }

    /// HTTP/2, with 32 streams where there is more than one.
    pub(crate) const fn http2(name: &'static str, mode: &'static str) -> Self {
        Self {
            name,
            mode,
            protocol: Protocol::Http2(32),
        }
    }

    pub(crate) const fn connections(mut self, connections: u32) -> Self {
        self.protocol = Protocol::Http1(connections);
        self
    }

    pub(crate) fn is_http2(&self) -> bool {
        matches!(self.protocol, Protocol::Http2(_))
    }

    /// How many messages a response has that counts are told of.
    pub(crate) fn messages(&self) -> u64 {
        match self.name {
            "count-64" => 10_000,
            "count-16k" => 1_000,
            _ => 1,
        }
    }

    /// The servers that can do it.
    pub(crate) fn peers(&self) -> Vec<Peer> {
        SERVERS
            .into_iter()
            .filter(|it| it.knows_text || self.mode != "text")
            .collect()
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = if self.is_http2() { "h2" } else { "h1" };
        write!(f, "{} {} {protocol}", self.name, self.mode)?;
        match self.protocol {
            Protocol::Http1(16) | Protocol::Http2(_) => Ok(()),
            Protocol::Http1(connections) => write!(f, " {connections} connections"),
        }
    }
}

/// The cases of CPU time.
const TIMED: [Case; 12] = [
    Case::http1("echo-64", "binary"),
    Case::http1("echo-64", "binary").connections(64),
    Case::http1("echo-64", "text"),
    Case::http1("echo-64k", "binary"),
    Case::http1("echo-64k", "text"),
    Case::http1("echo-1m", "binary"),
    Case::http1("ingest", "binary"),
    Case::http1("count-64", "binary"),
    Case::http1("count-16k", "binary"),
    Case::http2("echo-64", "binary"),
    Case::http2("echo-64", "grpc"),
    Case::http2("count-64", "grpc"),
];

/// The cases of which something is counted.
const COUNTED: [Case; 6] = [
    Case::http1("echo-64", "binary"),
    Case::http1("echo-64", "text"),
    Case::http1("ingest", "binary"),
    Case::http1("count-64", "binary"),
    Case::http2("echo-64", "grpc"),
    Case::http2("count-64", "grpc"),
];

fn planned(cases: &[Case], plan: &Plan) -> Vec<Case> {
    let cases = cases.iter().filter(|it| plan.has(&it.to_string()));
    cases.copied().collect()
}

pub(crate) fn timed(plan: &Plan) -> Vec<Case> {
    planned(&TIMED, plan)
}

pub(crate) fn counted(plan: &Plan) -> Vec<Case> {
    planned(&COUNTED, plan)
}
