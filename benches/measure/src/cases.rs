//! What is measured.

use std::fmt;

use crate::Plan;
use crate::peers::{Peer, SERVERS, VIEWS};

/// A kind of call.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    /// The name that `load` knows.
    pub(crate) name: &'static str,
    /// `binary`, `text` or `grpc`.
    pub(crate) mode: &'static str,
    pub(crate) is_http2: bool,
    /// Connections of HTTP/1.1, where they are not as many as usual.
    connections: Option<u32>,
}

impl Case {
    pub(crate) const fn http1(name: &'static str, mode: &'static str) -> Self {
        Self {
            name,
            mode,
            is_http2: false,
            connections: None,
        }
    }

    const fn http2(name: &'static str, mode: &'static str) -> Self {
        Self {
            is_http2: true,
            ..Self::http1(name, mode)
        }
    }

    const fn connections(mut self, connections: u32) -> Self {
        self.connections = Some(connections);
        self
    }

    /// How many calls there are at a time: connections of HTTP/1.1, or streams on one of HTTP/2. Long calls are few, as
    /// those that are not done at the end cost CPU time and are not counted.
    pub(crate) fn at_a_time(&self) -> u32 {
        let usual = if self.messages() > 1 {
            4
        } else if self.is_http2 {
            32
        } else {
            16
        };
        self.connections.unwrap_or(usual)
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
        let views = (self.name == "ingest").then_some(VIEWS);
        SERVERS
            .into_iter()
            .chain(views)
            .filter(|it| it.knows_text || self.mode != "text")
            .collect()
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = if self.is_http2 { "h2" } else { "h1" };
        write!(f, "{} {} {protocol}", self.name, self.mode)?;
        match self.connections {
            Some(connections) => write!(f, " {connections} connections"),
            None => Ok(()),
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
