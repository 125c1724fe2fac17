//! Telling it.

use std::fmt::Write as _;

use crate::generate::Generator;
use crate::measure::{Outcome, Row};
use crate::usage::Usage;

const HEAD: &str = "\
| set | files | services | methods | generator | generation, CPU s | generated, MB | `cargo check` | CPU s | peak, MB | per RPC: CPU ms | peak, MB | source, bytes |
|---|--:|--:|--:|---|--:|--:|---|--:|--:|--:|--:|--:|
";

/// How much of an error fits a table.
const LONGEST_ERROR: usize = 160;

/// What a generator adds to the messages.
#[derive(Debug, Clone, Copy, Default)]
struct Added {
    methods: u64,
    cpu_ms: i64,
    peak_kb: i64,
    bytes: i64,
}

pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut out = HEAD.to_owned();
    for row in rows {
        for outcome in &row.outcomes {
            let added = added(row, outcome);
            let counts = row.counts;
            line(
                &mut out,
                &[
                    row.set.clone(),
                    counts.files.to_string(),
                    counts.services.to_string(),
                    counts.methods.to_string(),
                    outcome.generator.name().to_owned(),
                    seconds(outcome.generation),
                    megabytes(outcome.bytes),
                    result(outcome),
                    outcome.check.map(seconds).unwrap_or_default(),
                    outcome.check.map(peak).unwrap_or_default(),
                    per_rpc(added, |added| added.cpu_ms as f64, 1),
                    per_rpc(added, |added| added.peak_kb as f64 / 1024.0, 2),
                    per_rpc(added, |added| added.bytes as f64, 0),
                ],
            );
        }
    }
    sums(&mut out, rows);
    out
}

/// A line for each generator over all sets, and its cost per RPC over those that it did.
fn sums(out: &mut String, rows: &[Row]) {
    for generator in Generator::ALL {
        let mut sum = Added::default();
        let (mut generation, mut check) = (Usage::default(), Usage::default());
        let (mut bytes, mut done, mut sets) = (0, 0, 0);
        for row in rows {
            let Some(outcome) = row.outcomes.iter().find(|o| o.generator == generator) else {
                continue;
            };
            sets += 1;
            done += u64::from(outcome.failure.is_none());
            bytes += outcome.bytes;
            generation.cpu_ms += outcome.generation.cpu_ms;
            if let Some(usage) = outcome.check {
                check.cpu_ms += usage.cpu_ms;
                check.peak_kb = check.peak_kb.max(usage.peak_kb);
            }
            if let Some(added) = added(row, outcome) {
                sum.methods += added.methods;
                sum.cpu_ms += added.cpu_ms;
                sum.peak_kb += added.peak_kb;
                sum.bytes += added.bytes;
            }
        }
        if sets == 0 {
            continue;
        }
        let sum = Some(sum).filter(|sum| sum.methods > 0);
        let total = |count: fn(&Row) -> u64| rows.iter().map(count).sum::<u64>().to_string();
        line(
            out,
            &[
                "**all**".to_owned(),
                total(|row| row.counts.files),
                total(|row| row.counts.services),
                total(|row| row.counts.methods),
                generator.name().to_owned(),
                seconds(generation),
                megabytes(bytes),
                format!("{done} of {sets} ok"),
                seconds(check),
                peak(check),
                per_rpc(sum, |added| added.cpu_ms as f64, 1),
                per_rpc(sum, |added| added.peak_kb as f64 / 1024.0, 2),
                per_rpc(sum, |added| added.bytes as f64, 0),
            ],
        );
    }
}

pub(crate) fn in_short(outcome: &Outcome) -> String {
    let check = outcome
        .check
        .map(|usage| format!(", {} s, {} MB", seconds(usage), peak(usage)));
    format!("{}{}", result(outcome), check.unwrap_or_default())
}

fn added(row: &Row, outcome: &Outcome) -> Option<Added> {
    let messages = row
        .outcomes
        .iter()
        .find(|other| other.generator == Generator::Messages)?;
    let compared = outcome.generator != Generator::Messages
        && outcome.failure.is_none()
        && messages.failure.is_none()
        && row.counts.methods > 0;
    if !compared {
        return None;
    }
    let (with, without) = (outcome.check?, messages.check?);
    Some(Added {
        methods: row.counts.methods,
        cpu_ms: difference(with.cpu_ms, without.cpu_ms),
        peak_kb: difference(with.peak_kb, without.peak_kb),
        bytes: difference(outcome.bytes, messages.bytes),
    })
}

fn difference(with: u64, without: u64) -> i64 {
    with as i64 - without as i64
}

fn per_rpc(added: Option<Added>, of: fn(Added) -> f64, decimals: usize) -> String {
    added.map_or(String::new(), |added| {
        format!("{:.decimals$}", of(added) / added.methods as f64)
    })
}

fn seconds(usage: Usage) -> String {
    format!("{:.1}", usage.cpu_ms as f64 / 1000.0)
}

fn peak(usage: Usage) -> String {
    (usage.peak_kb / 1024).to_string()
}

fn megabytes(bytes: u64) -> String {
    format!("{:.2}", bytes as f64 / 1e6)
}

fn result(outcome: &Outcome) -> String {
    let Some(failure) = &outcome.failure else {
        return "ok".to_owned();
    };
    let first: String = failure.first.chars().take(LONGEST_ERROR).collect();
    let first = first.replace('|', "\\|");
    match failure.errors {
        None => format!("not generated: {first}"),
        Some(1) => format!("1 error: {first}"),
        Some(errors) => format!("{errors} errors: {first}"),
    }
}

fn line(out: &mut String, cells: &[String]) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}
