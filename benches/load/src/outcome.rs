//! Whether a call went well, which gRPC-Web says at the end of the body.

use std::io;

use crate::case::Case;

/// More than the trailers have, in either mode.
const KEPT: usize = 256;

/// The length of a body, and its last bytes.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) len: u64,
    tail: Vec<u8>,
}

impl Outcome {
    /// Takes the next part of the body.
    pub(crate) fn push(&mut self, part: &[u8]) {
        self.len += part.len() as u64;
        let part = &part[part.len().saturating_sub(KEPT)..];
        self.tail.extend_from_slice(part);
        let surplus = self.tail.len().saturating_sub(KEPT);
        self.tail.drain(..surplus);
    }

    /// # Errors
    ///
    /// Where the trailers at the end of the body do not say that all went well.
    pub(crate) fn check(&self, case: &Case) -> io::Result<()> {
        let tail = if case.is_text() {
            decoded(&self.tail)
        } else {
            self.tail.clone()
        };
        let tail = String::from_utf8_lossy(&tail);
        // Other trailers may follow.
        let trailers = tail.strip_suffix("\r\n").unwrap_or_default();
        let status = trailers.rsplit_once("grpc-status:");
        let status = status.and_then(|(_, rest)| rest.lines().next());
        if status.is_some_and(|status| status.trim_start() == "0") {
            return Ok(());
        }
        Err(io::Error::other(format!("no grpc-status 0: {tail:?}")))
    }
}

/// The bytes of base64 that ends here, and may be padded before its end as well.
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut bytes = vec![];
    for four in text.rchunks_exact(4).rev() {
        let digits = four.iter().map_while(|digit| value(*digit));
        let (mut group, mut count) = (0, 0);
        for digit in digits {
            group = group << 6 | u32::from(digit);
            count += 1;
        }
        group <<= 6 * (4 - count);
        bytes.extend(&group.to_be_bytes()[1..][..(count as usize * 6) / 8]);
    }
    bytes
}

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mode: &str, parts: &[&[u8]]) -> io::Result<()> {
        let mut outcome = Outcome::default();
        for part in parts {
            outcome.push(part);
        }
        outcome.check(&Case::parse("echo-64", mode).unwrap())
    }

    #[test]
    fn only_a_status_of_0_at_the_end_is_well() {
        let long = [b'a'; 1000];
        check("binary", &[&long, b"\x80\0\0\0\x0fgrpc-sta", b"tus:0\r\n"]).unwrap();
        check("binary", &[b"grpc-status: 0\r\n"]).unwrap();
        check("binary", &[b"grpc-status:0\r\na:b\r\n"]).unwrap();
        check("binary", &[b"grpc-status:13\r\n"]).unwrap_err();
        check("binary", &[b"grpc-status:0\r\n", &long]).unwrap_err();
        check("binary", &[]).unwrap_err();
    }

    #[test]
    fn text_is_decoded_with_padding_before_its_end() {
        // `a`, and trailers of the status 0; then those of the status 3.
        check("text", &[b"YQ==", b"gAAAAA9ncnBjLXN0YXR1czowDQo="]).unwrap();
        check("text", &[b"YQ==", b"gAAAAA9ncnBjLXN0YXR1czozDQo="]).unwrap_err();
    }
}
