//! What services cost: the difference to their messages alone.

use crate::Result;
use crate::generate::Generator;
use crate::measure::{Outcome, Row};

/// What a generator adds to the messages.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    pub(crate) services: u64,
    pub(crate) methods: u64,
    pub(crate) cpu_ms: i64,
    pub(crate) peak_kb: i64,
    pub(crate) bytes: i64,
}

impl Cost {
    /// Of one of the outcomes of a row.
    pub(crate) fn of(row: &Row, outcome: &Outcome) -> Option<Self> {
        let messages = row.outcome(Generator::Messages)?;
        let compared = outcome.generator != Generator::Messages
            && outcome.failure.is_none()
            && messages.failure.is_none()
            && row.counts.methods > 0;
        if !compared {
            return None;
        }
        let (with, without) = (outcome.check?, messages.check?);
        Some(Self {
            services: row.counts.services,
            methods: row.counts.methods,
            cpu_ms: difference(with.cpu_ms, without.cpu_ms),
            peak_kb: difference(with.peak_kb, without.peak_kb),
            bytes: difference(outcome.bytes, messages.bytes),
        })
    }

    /// Of a generator over all rows for which `wanted` holds and there is a cost.
    pub(crate) fn over(rows: &[Row], generator: Generator, wanted: impl Fn(&Row) -> bool) -> Self {
        let costs = rows
            .iter()
            .filter(|row| wanted(row))
            .filter_map(|row| Self::of(row, row.outcome(generator)?));
        costs.fold(Self::default(), |sum, cost| Self {
            services: sum.services + cost.services,
            methods: sum.methods + cost.methods,
            cpu_ms: sum.cpu_ms + cost.cpu_ms,
            peak_kb: sum.peak_kb + cost.peak_kb,
            bytes: sum.bytes + cost.bytes,
        })
    }

    pub(crate) fn cpu_ms_per_rpc(self) -> f64 {
        self.cpu_ms as f64 / self.methods as f64
    }

    pub(crate) fn peak_mb_per_rpc(self) -> f64 {
        self.peak_kb as f64 / 1024.0 / self.methods as f64
    }

    pub(crate) fn bytes_per_rpc(self) -> f64 {
        self.bytes as f64 / self.methods as f64
    }
}

fn difference(with: u64, without: u64) -> i64 {
    with as i64 - without as i64
}

/// Fails where `cargo check` of our services costs more per RPC than it may.
pub(crate) fn check(rows: &[Row]) -> Result<()> {
    let cost = Cost::over(rows, Generator::Ours, |_| true);
    let over: Vec<_> = [
        (cost.cpu_ms_per_rpc(), 10.0, "ms of CPU"),
        (cost.peak_mb_per_rpc(), 0.4, "MB of memory"),
        (cost.bytes_per_rpc(), 2048.0, "bytes of source"),
    ]
    .into_iter()
    // A cost that is not known is not kept either.
    .filter(|(cost, target, _)| cost.is_nan() || cost > target)
    .map(|(cost, target, unit)| format!("{cost:.2} {unit} per RPC, over {target}"))
    .collect();
    if over.is_empty() {
        Ok(())
    } else {
        Err(format!("too costly: {}", over.join("; ")).into())
    }
}

/// What there is to say of all rows together: how our generation compares with that of prost-build, and
/// our services with those of tonic.
pub(crate) fn comparisons(rows: &[Row]) -> Vec<String> {
    [generation(rows), services(rows)]
        .into_iter()
        .flatten()
        .collect()
}

fn generation(rows: &[Row]) -> Option<String> {
    let done = |row: &Row, generator| {
        let outcome = row.outcome(generator)?;
        outcome.is_generated().then_some(outcome.generation.cpu_ms)
    };
    let times: Vec<_> = rows
        .iter()
        .filter_map(|row| Some((done(row, Generator::Prost)?, done(row, Generator::Ours)?)))
        .collect();
    let prost: u64 = times.iter().map(|(prost, _)| prost).sum();
    let ours: u64 = times.iter().map(|(_, ours)| ours).sum();
    (prost > 0).then(|| {
        format!(
            "Generation, `protoc` included, on the {} sets that prost-build takes: ours {ours} ms of \
             CPU, with services; prost-build {prost} ms, without: {:+.1} %.",
            times.len(),
            percent(ours as f64, prost as f64) - 100.0
        )
    })
}

fn services(rows: &[Row]) -> Option<String> {
    let both = |row: &Row| {
        [Generator::Ours, Generator::Tonic].iter().all(|generator| {
            row.outcome(*generator)
                .is_some_and(|outcome| Cost::of(row, outcome).is_some())
        })
    };
    let sets = rows.iter().filter(|row| both(row)).count();
    let ours = Cost::over(rows, Generator::Ours, both);
    let tonic = Cost::over(rows, Generator::Tonic, both);
    (sets > 0 && tonic.cpu_ms > 0).then(|| {
        format!(
            "On the {sets} sets that tonic's generator does too ({} services, {} methods) our services \
             add {} ms of CPU to the messages, those of tonic {} ms: {:.0} %.",
            ours.services,
            ours.methods,
            ours.cpu_ms,
            tonic.cpu_ms,
            percent(ours.cpu_ms as f64, tonic.cpu_ms as f64)
        )
    })
}

fn percent(part: f64, whole: f64) -> f64 {
    100.0 * part / whole
}
