//! Telling it.

use std::fmt::Write as _;

use crate::cost::{self, Cost};
use crate::generate::Generator;
use crate::measure::{Mode, Outcome, Row};
use crate::usage::Usage;

const HEAD: &str = "\
| set | files | services | methods | generator | generation, CPU s | generated, MB | `cargo check` | CPU s | peak, MB | per RPC: CPU ms | peak, MB | source, bytes |
|---|--:|--:|--:|---|--:|--:|---|--:|--:|--:|--:|--:|
";

/// How much of an error fits a table.
const LONGEST_ERROR: usize = 160;

pub(crate) fn markdown(rows: &[Row], mode: Mode) -> String {
    let mut out = HEAD.replace("check", mode.command());
    for row in rows {
        for outcome in &row.outcomes {
            let cost = Cost::of(row, outcome);
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
                    per_rpc(cost, Cost::cpu_ms_per_rpc, 1),
                    per_rpc(cost, Cost::peak_mb_per_rpc, 2),
                    per_rpc(cost, Cost::bytes_per_rpc, 0),
                ],
            );
        }
    }
    sums(&mut out, rows);
    for sentence in cost::comparisons(rows) {
        let _ = writeln!(out, "\n{sentence}");
    }
    out
}

/// A line for each generator over all sets, and its cost per RPC over those that it did.
fn sums(out: &mut String, rows: &[Row]) {
    for generator in Generator::ALL {
        let (mut generation, mut check) = (Usage::default(), Usage::default());
        let (mut bytes, mut done, mut sets) = (0, 0, 0);
        for row in rows {
            let Some(outcome) = row.outcome(generator) else {
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
        }
        if sets == 0 {
            continue;
        }
        let sum = Some(Cost::over(rows, generator, |_| true)).filter(|sum| sum.methods > 0);
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
                per_rpc(sum, Cost::cpu_ms_per_rpc, 1),
                per_rpc(sum, Cost::peak_mb_per_rpc, 2),
                per_rpc(sum, Cost::bytes_per_rpc, 0),
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

fn per_rpc(cost: Option<Cost>, of: fn(Cost) -> f64, decimals: usize) -> String {
    cost.map_or(String::new(), |cost| format!("{:.decimals$}", of(cost)))
}

fn seconds(usage: Usage) -> String {
    format!("{:.2}", usage.cpu_ms as f64 / 1000.0)
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
