//! Medians with their spread, and how figures are written.

use crate::samples::Sample;

/// What is less than this (an allocation in many messages) is nothing to compare with.
const LEAST: f64 = 0.5;

/// The median of several samples, between the least and the greatest.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) greatest: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (least, greatest) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            f64::midpoint(values[middle - 1], values[middle])
        };
        Some(Self {
            median,
            least,
            greatest,
        })
    }

    /// With `write` for each, and only one figure where they are written alike.
    pub(crate) fn written(&self, write: impl Fn(f64) -> String) -> String {
        let [median, least, greatest] = [self.median, self.least, self.greatest].map(write);
        if least == greatest {
            return median;
        }
        format!("{median} ({least}–{greatest})")
    }
}

/// The samples of one case and one metric.
pub(crate) struct Row<'a>(pub(crate) Vec<&'a Sample>);

impl Row<'_> {
    fn of<'a>(&'a self, peer: &'a str) -> impl Iterator<Item = &'a Sample> {
        self.0.iter().copied().filter(move |it| it.peer == peer)
    }

    pub(crate) fn value(&self, peer: &str) -> Option<Spread> {
        Spread::of(self.of(peer).map(|it| it.value).collect())
    }

    /// The ratios of samples of the same round.
    pub(crate) fn ratio(&self, peer: &str, to: &str) -> Option<Spread> {
        let ratios = self.of(peer).filter_map(|sample| {
            let mut others = self.of(to).filter(|it| it.value >= LEAST);
            let other = others.find(|it| it.round == sample.round)?;
            Some(sample.value / other.value)
        });
        Spread::of(ratios.collect())
    }
}

/// A number with separators, and with decimals where they say something.
pub(crate) fn number(value: f64) -> String {
    if value < 100.0 {
        let decimals = if value < 10.0 { 2 } else { 1 };
        let written = format!("{value:.decimals$}");
        return written
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned();
    }
    let digits = format!("{value:.0}");
    let mut written = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

/// A value in the unit that the name of its metric ends with.
pub(crate) fn value(metric: &str, value: f64) -> String {
    let scaled = |units: [&str; 3]| {
        let exponent = if value < 1e3 {
            0
        } else if value < 1e6 {
            1
        } else {
            2
        };
        let scaled = value / [1.0, 1e3, 1e6][exponent];
        format!("{} {}", number(scaled), units[exponent])
    };
    if metric.ends_with("-ns") {
        scaled(["ns", "µs", "ms"])
    } else if metric.ends_with("bytes") {
        scaled(["B", "kB", "MB"])
    } else if metric.ends_with("-cpu-s") {
        format!("{} s", number(value))
    } else {
        number(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(peer: &str, value: f64, round: u32) -> Sample {
        Sample {
            part: "server".to_owned(),
            case: "echo-64".to_owned(),
            peer: peer.to_owned(),
            metric: "cpu-ns".to_owned(),
            value,
            round,
        }
    }

    #[test]
    fn a_ratio_is_of_samples_of_the_same_round() {
        // The second round was twice as slow for both.
        let samples = [
            sample("bare", 10.0, 0),
            sample("ours", 11.0, 0),
            sample("bare", 20.0, 1),
            sample("ours", 23.0, 1),
            sample("ours", 99.0, 2),
        ];
        let ratio = Row(samples.iter().collect()).ratio("ours", "bare").unwrap();
        assert_eq!(
            ratio.written(|it| format!("{it:.3}")),
            "1.125 (1.100–1.150)"
        );
    }

    #[test]
    fn the_median_is_in_the_middle() {
        let samples = [3.0, 1.0, 9.0].map(|value| sample("bare", value, 0));
        let value = Row(samples.iter().collect()).value("bare").unwrap();
        assert_eq!(value.written(number), "3 (1–9)");
    }

    #[test]
    fn figures_are_written_in_a_unit_that_fits() {
        assert_eq!(value("cpu-ns", 6_712.0), "6.71 µs");
        assert_eq!(value("resident-bytes", 17_500.0), "17.5 kB");
        assert_eq!(value("instructions", 1_234_567.0), "1,234,567");
        assert_eq!(value("build-cpu-s", 34.0), "34 s");
        assert_eq!(value("allocations", 0.011), "0.01");
    }
}
