//! What was counted against what was recorded.

use crate::callgrind::Cost;
use crate::recorded::{RUSTC, Recorded, avx2};

/// How much more may be counted than was recorded, as a part of it.
const TOLERANCE: f64 = 0.05;

/// What there is to say about a case.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// What costs more than it may.
    pub(crate) grown: Vec<String>,
    /// What costs less than was recorded.
    pub(crate) shrunk: Vec<String>,
}

/// Compares what was counted with what was recorded: ours and bare. `parts` is of how many things a call is made.
pub(crate) fn compare(now: (Cost, Cost), before: (Cost, Cost), parts: u32) -> Findings {
    let mut findings = Findings::default();
    for measure in MEASURES {
        let (ours, bare) = ((measure.of)(now.0), (measure.of)(now.1));
        let (ours_before, bare_before) = ((measure.of)(before.0), (measure.of)(before.1));
        let growth = growth((ours, bare), (ours_before, bare_before));
        let of_part = |of_call: f64| (of_call / f64::from(parts)).max(measure.step);
        let allowed =
            (ours_before * TOLERANCE).clamp(of_part(measure.least), of_part(measure.most));
        if growth.abs() <= allowed {
            continue;
        }
        let found = format!(
            "{} {:+.1} % ({} recorded, {} now; bare hyper {} and {})",
            measure.name,
            growth / ours_before * 100.0,
            shown(ours_before),
            shown(ours),
            shown(bare_before),
            shown(bare),
        );
        if growth > 0.0 {
            findings.grown.push(found);
        } else {
            findings.shrunk.push(found);
        }
    }
    findings
}

/// How much what is ours of a cost, beyond that of bare hyper in the same run, has grown since it was recorded. Bare
/// hyper's part is what another compiler or another processor changes.
fn growth((ours, bare): (f64, f64), (ours_before, bare_before): (f64, f64)) -> f64 {
    (ours - bare) - (ours_before - bare_before)
}

/// What to do about a failure.
pub(crate) fn advice(recorded: &Recorded) -> String {
    let mut advice = String::from(
        "Where they go:    benches/counts/run --look CASE [bare], here and on the commit before\n\
         If it is meant:   benches/counts/run --record, and commit benches/counts/recorded.txt with the reason",
    );
    if recorded.compiler != RUSTC {
        advice.push_str(&format!(
            "\nOther compiler:   this is {RUSTC}; what is recorded is of {}.\n                  \
             Where the commit before fails as well, it is the compiler: record it there.",
            recorded.compiler
        ));
    }
    if recorded.avx2 != avx2() {
        advice.push_str(&format!(
            "\nOther processor:  AVX2 here: {}; where it was recorded: {}. Cases in text cost more without it.",
            avx2(),
            recorded.avx2
        ));
    }
    advice
}

fn shown(number: f64) -> String {
    if number >= 1000.0 {
        format!("{number:.0}")
    } else {
        format!("{number:.2}")
    }
}

struct Measure {
    name: &'static str,
    of: fn(Cost) -> f64,
    /// What is let pass of small numbers, in a call.
    least: f64,
    /// What is let pass of large numbers, in a call.
    most: f64,
    /// Twice as much as rounding can hide in what is recorded of ours and of bare hyper. It is let pass of streams, of
    /// which a message is told, not a call.
    step: f64,
}

const MEASURES: [Measure; 3] = [
    Measure {
        name: "instructions",
        of: |cost| cost.instructions,
        least: 5.0,
        most: f64::INFINITY,
        step: 0.2,
    },
    // They repeat exactly, so one more in a call is always seen.
    Measure {
        name: "allocations",
        of: |cost| cost.allocations,
        least: 0.05,
        most: 0.5,
        step: 0.002,
    },
    Measure {
        name: "bytes allocated",
        of: |cost| cost.bytes,
        least: 16.0,
        most: f64::INFINITY,
        step: 0.2,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    /// What has grown where a call of so many parts allocates this much more, beside the same bare hyper.
    fn grown(more: f64, parts: u32) -> usize {
        let cost = |allocations: f64| Cost {
            instructions: 400.0,
            allocations: allocations / f64::from(parts),
            bytes: 80.0,
        };
        let bare = cost(10.0);
        compare((cost(60.0 + more), bare), (cost(60.0), bare), parts)
            .grown
            .len()
    }

    #[test]
    fn an_allocation_more_in_a_call_is_seen() {
        assert_eq!(grown(1.0, 1), 1);
        assert_eq!(grown(0.1, 1), 0);
    }

    #[test]
    fn allocations_of_a_stream_are_seen_as_finely_as_they_are_recorded() {
        assert_eq!(grown(500.0, 10_000), 1);
        assert_eq!(grown(30.0, 10_000), 1);
        assert_eq!(grown(5.0, 10_000), 0);
    }
}
