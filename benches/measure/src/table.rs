//! The tables of the page.

use std::fmt::Write as _;

use crate::figures::{self, Row};
use crate::limits::{Limit, limit, limit_by_tonic, limited};
use crate::peers::{BARE, OURS, title};
use crate::samples::Sample;

/// The metrics of the tables, in their order, and what stands above each table.
const METRICS: [(&str, &str); 12] = [
    ("cpu-ns", "CPU time per call"),
    (
        "instructions",
        "Instructions per call, of streams per message",
    ),
    (
        "allocations",
        "Allocations per call, of streams per message",
    ),
    (
        "allocated-bytes",
        "Bytes allocated per call, of streams per message",
    ),
    ("syscalls", "Syscalls per call"),
    ("resident-bytes", "Resident memory"),
    ("latency-median-ns", "First message of a stream: median"),
    (
        "latency-p99-ns",
        "First message of a stream: 99th percentile",
    ),
    ("crates", "Crates in the program"),
    (
        "crates-with-build",
        "Crates in the program and its build scripts",
    ),
    ("build-cpu-s", "CPU time of a release build from scratch"),
    ("stripped-bytes", "Size of the program, stripped"),
];

const PARTS: [(&str, &str); 3] = [
    ("server", "Server"),
    ("client", "Client, against the bare server"),
    ("build", "Build of a hello-world server"),
];

/// What stands above a limit, and above whether it is kept.
const LIMIT: [&str; 2] = ["our limit", "kept"];

/// A case as a reader knows it.
fn case_title(label: &str) -> String {
    let mut titles = vec![];
    let mut rest = vec![];
    for word in label.split(' ') {
        titles.push(match word {
            "echo-64" => "Echo 64 B",
            "echo-64k" => "Echo 64 KiB",
            "echo-1m" => "Echo 1 MiB",
            "count-64" => "Count 10,000 × 64 B",
            "count-16k" => "Count 1,000 × 16 KiB",
            "ingest" => "Ingest",
            "binary" => "gRPC-Web binary",
            "text" => "gRPC-Web text",
            "grpc" => "gRPC",
            "h1" => "HTTP/1.1",
            "h2" => "HTTP/2",
            _ => {
                rest.push(word);
                continue;
            }
        });
    }
    let rest = rest.join(" ");
    let is_named_by_rest = label.starts_with(&rest);
    if !rest.is_empty() {
        titles.insert(if is_named_by_rest { 0 } else { titles.len() }, &rest);
    }
    titles.join(", ")
}

fn distinct<'a>(values: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut distinct = vec![];
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}

/// The samples of a part and a metric.
struct Table<'a> {
    part: &'a str,
    metric: &'a str,
    samples: Vec<&'a Sample>,
}

impl<'a> Table<'a> {
    fn of(samples: &'a [Sample], part: &'a str, metric: &'a str) -> Self {
        let of_both = samples
            .iter()
            .filter(|it| it.part == part && it.metric == metric);
        Self {
            part,
            metric,
            samples: of_both.collect(),
        }
    }

    /// Those who are there, bare first and ours last.
    fn peers(&self) -> Vec<&'a str> {
        let mut peers = distinct(self.samples.iter().map(|it| it.peer.as_str()));
        peers.sort_by_key(|it| (!it.starts_with(BARE), it.starts_with(OURS)));
        peers
    }

    fn rows(&self) -> Vec<(&'a str, Row<'a>)> {
        let cases = distinct(self.samples.iter().map(|it| it.case.as_str()));
        let of = |case| {
            Row(self
                .samples
                .iter()
                .copied()
                .filter(|it| it.case == case)
                .collect())
        };
        cases.into_iter().map(|case| (case, of(case))).collect()
    }

    fn limit(&self, case: &str) -> Option<Limit> {
        limit(self.part, case, self.metric)
    }

    /// Whether what is compared are counts, which are told themselves.
    fn is_counted(&self) -> bool {
        !matches!(self.metric.rsplit('-').next(), Some("ns"))
    }

    fn cell(&self, row: &Row<'_>, peer: &str) -> String {
        let Some(value) = row.value(peer) else {
            return "–".to_owned();
        };
        let ratio = row.ratio(peer, BARE).filter(|_| peer != BARE);
        match ratio {
            Some(ratio) if self.is_counted() => {
                format!(
                    "{} (× {:.2})",
                    figures::value(self.metric, value.median),
                    ratio.median
                )
            }
            Some(ratio) => ratio.written(|it| format!("{it:.2}")),
            None => figures::value(self.metric, value.median),
        }
    }

    fn limit_by_tonic(&self, case: &str) -> Option<Limit> {
        limit_by_tonic(self.part, case)
    }

    /// The limit of grpcweb, and whether it is kept: in all rounds, or in the one in the middle.
    fn verdict(case: &str, row: &Row<'_>, limit: Option<Limit>) -> [String; 2] {
        let Some(limit) = limit else {
            return [String::new(), String::new()];
        };
        let ours = limited(case);
        let (measured, steps) = match limit {
            Limit::Ratio(peer, _) => (row.ratio(ours, peer), 100.0),
            Limit::Absolute(_) => (row.value(ours), 10.0),
        };
        let is_within = |it: f64| (it * steps).round() / steps <= limit.value();
        let is_met = measured.map_or("not measured", |it| {
            let is_of_all_rounds = is_within(it.least) == is_within(it.greatest);
            match (is_within(it.median), is_of_all_rounds) {
                (true, true) => "yes",
                (true, false) => "yes by the median",
                (false, true) => "**no**",
                (false, false) => "no by the median",
            }
        });
        [limit.to_string(), is_met.to_owned()]
    }

    fn markdown(&self, heading: &str) -> String {
        let peers = self.peers();
        if peers.is_empty() {
            return String::new();
        }
        let has_limits = self
            .rows()
            .iter()
            .any(|(case, _)| self.limit(case).is_some());
        let mut header = vec![String::new()];
        header.extend(peers.iter().map(|it| title(it).to_owned()));
        if has_limits {
            header.extend(LIMIT.map(str::to_owned));
        }
        let mut lines = vec![header];
        for (case, row) in self.rows() {
            let mut line = vec![case_title(case)];
            line.extend(peers.iter().map(|peer| self.cell(&row, peer)));
            if has_limits {
                line.extend(Self::verdict(case, &row, self.limit(case)));
            }
            lines.push(line);
        }
        format!("#### {heading}\n\n{}", pipes(&lines))
    }

    /// How much grpcweb takes of what each of the others takes.
    fn against(&self) -> String {
        let peers = self.peers();
        let (ours, others): (Vec<&str>, Vec<&str>) = peers
            .into_iter()
            .filter(|it| !it.starts_with(BARE))
            .partition(|it| it.starts_with(OURS));
        let pairs: Vec<(&str, &str)> = ours
            .iter()
            .flat_map(|ours| others.iter().map(|other| (*ours, *other)))
            .filter(|(ours, other)| ours.ends_with("-axum") == other.ends_with("-axum"))
            .collect();
        if pairs.is_empty() {
            return String::new();
        }
        let mut header = vec![String::new()];
        header.extend(
            pairs
                .iter()
                .map(|(ours, other)| format!("{} ÷ {}", title(ours), title(other))),
        );
        header.extend(LIMIT.map(str::to_owned));
        let mut lines = vec![header];
        for (case, row) in self.rows() {
            let mut line = vec![case_title(case)];
            line.extend(pairs.iter().map(|(ours, other)| {
                let ratio = row.ratio(ours, other);
                ratio.map_or("–".to_owned(), |it| it.written(|it| format!("{it:.2}")))
            }));
            line.extend(Self::verdict(case, &row, self.limit_by_tonic(case)));
            lines.push(line);
        }
        format!(
            "#### CPU time per call, grpcweb against each of the others\n\n{}",
            pipes(&lines)
        )
    }
}

fn pipes(lines: &[Vec<String>]) -> String {
    let mut written = String::new();
    for (at, cells) in lines.iter().enumerate() {
        let _ = writeln!(written, "| {} |", cells.join(" | "));
        if at == 0 {
            let _ = writeln!(written, "|{}", "---|".repeat(cells.len()));
        }
    }
    written.push('\n');
    written
}

/// Every figure by itself: the median, and the least and the greatest.
fn raw(samples: &[Sample]) -> String {
    let mut written = String::new();
    for (part, _) in PARTS {
        let of_part = samples.iter().filter(|it| it.part == part);
        for metric in distinct(of_part.map(|it| it.metric.as_str())) {
            let table = Table::of(samples, part, metric);
            let peers = table.peers();
            let mut header = vec![format!("{part}: `{metric}`")];
            header.extend(peers.iter().map(|it| title(it).to_owned()));
            let mut lines = vec![header];
            for (case, row) in table.rows() {
                let mut line = vec![case.to_owned()];
                line.extend(peers.iter().map(|peer| {
                    let value = row.value(peer);
                    value.map_or("–".to_owned(), |it| {
                        it.written(|it| figures::value(metric, it))
                    })
                }));
                lines.push(line);
            }
            written += &pipes(&lines);
        }
    }
    written
}

fn machine(lines: &str) -> String {
    let lines = lines.lines().filter_map(|line| line.split_once('\t'));
    let rows = lines.map(|(key, value)| vec![key.to_owned(), value.to_owned()]);
    let mut table = vec![vec!["measured on".to_owned(), String::new()]];
    table.extend(rows);
    pipes(&table)
}

/// Everything that stands between the markers. `told` is what each part was measured on, which may have been on
/// different days.
pub(crate) fn markdown(told: impl Fn(&str) -> String, samples: &[Sample]) -> String {
    let mut written = String::new();
    for (part, heading) in PARTS {
        if samples.iter().all(|it| it.part != part) {
            continue;
        }
        let _ = write!(written, "### {heading}\n\n");
        written += &machine(&told(part));
        for (metric, heading) in METRICS {
            let table = Table::of(samples, part, metric);
            written += &table.markdown(heading);
            if metric == "cpu-ns" {
                written += &table.against();
            }
        }
    }
    let _ = write!(
        written,
        "### Raw figures\n\nMedians, and the least and the greatest of the rounds.\n\n"
    );
    written += &raw(samples);
    written.trim_end().to_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a limit of 1.10 where the rounds have these ratios.
    fn verdict(ratios: [f64; 3]) -> String {
        let sample = |peer: &str, value, round| Sample {
            part: "server".to_owned(),
            case: "echo-64 binary h1".to_owned(),
            peer: peer.to_owned(),
            metric: "cpu-ns".to_owned(),
            value,
            round,
        };
        let rounds = (0..).zip(ratios);
        let samples: Vec<Sample> = rounds
            .flat_map(|(round, ratio)| {
                let of_round = [(BARE, 100.0), (OURS, 100.0 * ratio)];
                of_round.map(|(peer, value)| sample(peer, value, round))
            })
            .collect();
        let row = Row(samples.iter().collect());
        let [_, verdict] =
            Table::verdict("echo-64 binary h1", &row, Some(Limit::Ratio(BARE, 1.10)));
        verdict
    }

    #[test]
    fn a_verdict_says_where_rounds_differ() {
        // A limit is kept that is met as it is written.
        assert_eq!(verdict([1.05, 1.08, 1.104]), "yes");
        assert_eq!(verdict([1.11, 1.12, 1.15]), "**no**");
        assert_eq!(verdict([1.05, 1.08, 1.12]), "yes by the median");
        assert_eq!(verdict([1.15, 1.12, 1.09]), "no by the median");
    }

    #[test]
    fn what_was_not_measured_has_no_verdict() {
        let row = Row(vec![]);
        let limit = Some(Limit::Absolute(10.0));
        let [_, verdict] = Table::verdict("echo-64 binary h1", &row, limit);
        assert_eq!(verdict, "not measured");
    }
}
