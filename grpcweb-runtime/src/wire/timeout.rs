//! `grpc-timeout`: how long a call may take (PROTOCOL-HTTP2, "Requests").

use std::time::Duration;

use http::{HeaderName, HeaderValue};

pub(crate) const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The digits after a point that count: a hundredth of the smallest unit is nothing to wait for.
const MAX_FRACTION: usize = 9;

/// Reads a timeout: a number and one of the units `H`, `M`, `S`, `m`, `u` and `n`.
///
/// The grammar has up to eight digits. Browser clients send more of them, and fractions; both are read
/// as what they say, and what no `Duration` holds as the longest one. `None` for anything else, which is
/// no reason to fail a call.
pub(crate) fn parse(value: &[u8]) -> Option<Duration> {
    let (&unit, number) = value.trim_ascii().split_last()?;
    let unit = match unit {
        b'H' => Duration::from_secs(60 * 60),
        b'M' => Duration::from_secs(60),
        b'S' => Duration::from_secs(1),
        b'm' => Duration::from_millis(1),
        b'u' => Duration::from_micros(1),
        b'n' => Duration::from_nanos(1),
        _ => return None,
    };
    let (whole, fraction) = match number.iter().position(|&b| b == b'.') {
        Some(point) => {
            let (whole, fraction) = number.split_at(point);
            (
                whole,
                fraction.get(1..).filter(|digits| !digits.is_empty())?,
            )
        }
        None => (number, &[][..]),
    };
    if whole.is_empty() || !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
        return None;
    }
    let units = whole.iter().fold(0_u128, |units, digit| {
        units
            .saturating_mul(10)
            .saturating_add(u128::from(digit - b'0'))
    });
    let fraction = fraction.get(..MAX_FRACTION).unwrap_or(fraction);
    let parts = fraction
        .iter()
        .fold(0_u128, |parts, digit| parts * 10 + u128::from(digit - b'0'));
    let scale = fraction.iter().fold(1_u128, |scale, _| scale * 10);
    let nanos = units
        .saturating_mul(unit.as_nanos())
        .saturating_add(parts * unit.as_nanos() / scale);
    Some(u64::try_from(nanos).map_or(Duration::MAX, Duration::from_nanos))
}

/// The most that eight digits say.
const MAX: u128 = 99_999_999;

/// Writes a timeout in the finest unit that holds it, rounded up: a server that gives up a moment later
/// than the client does no harm, one that gives up earlier does.
pub(crate) fn format(timeout: Duration) -> HeaderValue {
    let nanos = timeout.as_nanos();
    let units = [
        (1, 'n'),
        (1_000, 'u'),
        (1_000_000, 'm'),
        (1_000_000_000, 'S'),
        (60_000_000_000, 'M'),
        (3_600_000_000_000, 'H'),
    ];
    let written = units
        .into_iter()
        .map(|(unit, name)| (nanos.div_ceil(unit), name))
        .find(|(number, _)| *number <= MAX)
        .unwrap_or((MAX, 'H'));
    let value = format!("{}{}", written.0, written.1);
    HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static("99999999H"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_unit_is_read() {
        for (value, timeout) in [
            ("2H", Duration::from_secs(7200)),
            ("3M", Duration::from_secs(180)),
            ("4S", Duration::from_secs(4)),
            ("5m", Duration::from_millis(5)),
            ("6u", Duration::from_micros(6)),
            ("7n", Duration::from_nanos(7)),
            ("0n", Duration::ZERO),
        ] {
            assert_eq!(parse(value.as_bytes()), Some(timeout), "{value}");
        }
    }

    /// Known mistake 47.
    #[test]
    fn what_real_clients_send_beyond_the_grammar_is_read() {
        assert_eq!(
            parse(b"172800000m"),
            Some(Duration::from_secs(48 * 60 * 60))
        );
        assert_eq!(parse(b"1500.5m"), Some(Duration::from_micros(1_500_500)));
        assert_eq!(parse(b"0.000001S"), Some(Duration::from_micros(1)));
        assert_eq!(
            parse(b"99999999H").map(|t| t > Duration::from_secs(1 << 33)),
            Some(true)
        );
        assert_eq!(parse(&[b'9'; 100]), None);
        let endless = [&[b'9'; 100][..], b"H"].concat();
        assert_eq!(parse(&endless), Some(Duration::MAX));
    }

    #[test]
    fn what_is_no_timeout_is_ignored() {
        for value in [
            "", "S", "5", "5x", "-5S", "5 S", "+5S", "1.S", ".5S", "1.2.3S", "5s", "é",
        ] {
            assert_eq!(parse(value.as_bytes()), None, "{value}");
        }
    }

    #[test]
    fn a_timeout_is_written_with_up_to_eight_digits() {
        for (timeout, value) in [
            (Duration::from_millis(50), "50000000n"),
            (Duration::from_secs(1), "1000000u"),
            (Duration::from_secs(48 * 60 * 60), "172800S"),
            (Duration::from_nanos(100_000_001), "100001u"),
            (Duration::MAX, "99999999H"),
            (Duration::ZERO, "0n"),
        ] {
            assert_eq!(format(timeout), value);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_no_less(secs in 0..u64::MAX / 2_000_000_000, nanos in 0..1_000_000_000_u32) {
            let timeout = Duration::new(secs, nanos);
            let read = parse(format(timeout).as_bytes()).unwrap();
            prop_assert!(read >= timeout && read <= timeout + timeout / 1000 + Duration::from_nanos(1));
        }

        #[test]
        fn arbitrary_values_never_panic(value in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = parse(&value);
        }

        #[test]
        fn arbitrary_numbers_never_panic(value in "[0-9]{0,60}(\\.[0-9]{0,60})?[HMSmun]") {
            let _ = parse(value.as_bytes());
        }
    }
}
