//! What came of the cases, to be read.

use std::fmt;

use crate::cases::CASES;
use crate::servers::Deviation;

/// A line for each server and kind of client, a column for each case.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
}

pub(crate) struct Row {
    pub(crate) server: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) cells: Vec<Cell>,
}

/// What came of a case.
pub(crate) enum Cell {
    Pass,
    Deviates(&'static Deviation),
    Fail(String),
}

impl Cell {
    /// What came of a case that may deviate so.
    pub(crate) fn of(
        result: Result<(), String>,
        mut deviations: impl Iterator<Item = &'static Deviation>,
    ) -> Self {
        match result {
            Ok(()) => match deviations.find(|deviation| deviation.always) {
                None => Self::Pass,
                Some(deviation) => {
                    Self::Fail(format!("passed, but expected was: {}", deviation.reason))
                }
            },
            Err(failure) => {
                match deviations.find(|deviation| failure.contains(deviation.failure)) {
                    Some(deviation) => Self::Deviates(deviation),
                    None => Self::Fail(failure),
                }
            }
        }
    }
}

impl Table {
    pub(crate) fn failed(&self) -> bool {
        let mut cells = self.rows.iter().flat_map(|row| &row.cells);
        cells.any(|cell| matches!(cell, Cell::Fail(_)))
    }

    /// The reasons of deviations, each once, in the order in which they are met.
    fn reasons(&self) -> Vec<&'static str> {
        let mut reasons = Vec::new();
        for cell in self.rows.iter().flat_map(|row| &row.cells) {
            if let Cell::Deviates(Deviation { reason, .. }) = cell
                && !reasons.contains(reason)
            {
                reasons.push(reason);
            }
        }
        reasons
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons = self.reasons();
        for (number, case) in (1..).zip(CASES) {
            writeln!(f, "{number:>3}  {}", case.name)?;
        }

        write!(f, "\n{:<13} {:<38}", "server", "client")?;
        for number in 1..=CASES.len() {
            write!(f, "{number:>3}")?;
        }
        writeln!(f)?;
        for row in &self.rows {
            write!(f, "{:<13} {:<38}", row.server, row.kind)?;
            for cell in &row.cells {
                match cell {
                    Cell::Pass => write!(f, "  .")?,
                    Cell::Deviates(deviation) => {
                        write!(f, "  {}", letter(&reasons, deviation.reason))?;
                    }
                    Cell::Fail(_) => write!(f, "  #")?,
                }
            }
            writeln!(f)?;
        }

        writeln!(f, "\n  .  pass")?;
        for reason in &reasons {
            writeln!(f, "  {}  expected: {reason}", letter(&reasons, reason))?;
        }
        writeln!(f, "  #  FAIL")?;
        for row in &self.rows {
            for (case, cell) in CASES.iter().zip(&row.cells) {
                if let Cell::Fail(failure) = cell {
                    let Row { server, kind, .. } = row;
                    let failure = failure.lines().next().unwrap_or_default();
                    writeln!(f, "FAIL {server}, {kind}, {}: {failure}", case.name)?;
                }
            }
        }
        Ok(())
    }
}

fn letter(reasons: &[&str], reason: &str) -> char {
    let letters = ('a'..='z').chain('A'..='Z').zip(reasons);
    let mut own = letters.filter(|(_, other)| **other == reason);
    own.next().map_or('?', |(letter, _)| letter)
}
