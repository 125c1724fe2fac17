//! As many calls at a time as the case says, for a while: wrk and h2load.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::Result;
use crate::cases::Case;
use crate::process::{on_core, printed, sibling};

/// How far what was received may be from what the calls bring: lengths are printed rounded.
const TOLERANCE: f64 = 0.03;

/// What was done in that while.
pub(crate) struct Done {
    pub(crate) calls: u64,
    pub(crate) per_second: f64,
    /// Received over HTTP/1.1; over HTTP/2 of data only.
    bytes: f64,
}

impl Done {
    /// Whether calls brought what one brings that went well: one that is refused under load would be fast.
    ///
    /// # Errors
    ///
    /// Where it is less, or more than what the calls brought that were not done at the end.
    pub(crate) fn check(&self, length: u64, at_a_time: u32) -> Result<()> {
        let length = length as f64;
        let least = self.calls as f64 * length * (1.0 - TOLERANCE);
        let most = (self.calls + u64::from(at_a_time)) as f64 * length * (1.0 + TOLERANCE);
        if (least..=most).contains(&self.bytes) {
            return Ok(());
        }
        Err(format!(
            "{} calls brought {:.1} bytes each, and one that went well {length}: were some refused?",
            self.calls,
            self.bytes / self.calls as f64
        )
        .into())
    }
}

/// The request of a case, in files that wrk and h2load read.
pub(crate) struct Request {
    case: Case,
    path: String,
    body: PathBuf,
    headers: Vec<(&'static str, String)>,
    script: PathBuf,
}

impl Request {
    pub(crate) fn write(case: &Case) -> Result<Self> {
        let load = sibling("load")?;
        let of_case = |verb: &str| {
            let mut command = Command::new(&load);
            command.args([verb, case.name]);
            command
        };
        let path = printed(&mut of_case("path"))?.trim().to_owned();
        let content_type = printed(of_case("type").arg(case.mode))?.trim().to_owned();
        let folder = load.with_file_name("requests");
        fs::create_dir_all(&folder)?;
        let body = folder.join(format!("{}-{}.body", case.name, case.mode));
        let bytes = of_case("body").arg(case.mode).output()?.stdout;
        fs::write(&body, bytes)?;
        let mut headers = vec![
            ("content-type", content_type.clone()),
            ("x-case", case.name.to_owned()),
        ];
        match case.mode {
            "text" => headers.push(("accept", content_type)),
            "grpc" => headers.push(("te", "trailers".to_owned())),
            _ => {}
        }
        let script = body.with_extension("lua");
        let mut lua = format!(
            "wrk.method = 'POST'\nlocal body = io.open('{}', 'rb')\nwrk.body = body:read('*all')\nbody:close()\n",
            body.display()
        );
        for (name, value) in &headers {
            lua += &format!("wrk.headers['{name}'] = '{value}'\n");
        }
        fs::write(&script, lua)?;
        Ok(Self {
            case: *case,
            path,
            body,
            headers,
            script,
        })
    }

    /// Calls for as many seconds.
    pub(crate) fn call(&self, port: u16, seconds: u32) -> Result<Done> {
        let url = format!("http://127.0.0.1:{port}{}", self.path);
        let at_a_time = self.case.at_a_time().to_string();
        let (printed, done) = if self.case.is_http2 {
            let mut h2load = on_core(1, "h2load");
            h2load.args(["-c", "1", "-m", &at_a_time]);
            h2load.args(["-D", &seconds.to_string(), "-d"]);
            h2load.arg(&self.body);
            for (name, value) in &self.headers {
                h2load.args(["-H", &format!("{name}: {value}")]);
            }
            let printed = printed(h2load.arg(url))?;
            let done = of_h2load(&printed);
            (printed, done)
        } else {
            let mut wrk = on_core(1, "wrk");
            wrk.args(["-t", "1", "-c", &at_a_time]);
            wrk.args(["-d", &format!("{seconds}s"), "-s"]);
            wrk.arg(&self.script);
            let printed = printed(wrk.arg(url))?;
            let done = of_wrk(&printed);
            (printed, done)
        };
        done.ok_or_else(|| format!("calls failed, or none was made:\n{printed}").into())
    }
}

/// What wrk printed, where no call failed.
fn of_wrk(printed: &str) -> Option<Done> {
    if printed.contains("Socket errors") || printed.contains("Non-2xx") {
        return None;
    }
    let calls = printed
        .split(" requests in ")
        .next()?
        .split('\n')
        .next_back()?;
    let per_second = printed
        .split("Requests/sec:")
        .nth(1)?
        .split_whitespace()
        .next()?;
    let read = printed.split("B read").next()?.split(' ').next_back()?;
    Some(Done {
        calls: calls.trim().parse().ok().filter(|calls| *calls > 0)?,
        per_second: per_second.parse().ok()?,
        bytes: binary(read)?,
    })
}

/// A number as wrk writes it: `1.50M` is one and a half times 1024 times 1024.
fn binary(written: &str) -> Option<f64> {
    let digits = written.trim_end_matches(|it: char| it.is_ascii_uppercase());
    let exponent = match &written[digits.len()..] {
        "" => 0,
        "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        _ => return None,
    };
    Some(digits.parse::<f64>().ok()? * 1024_f64.powi(exponent))
}

/// What h2load printed, where no call failed.
fn of_h2load(printed: &str) -> Option<Done> {
    let counts = printed.split("\nrequests: ").nth(1)?.lines().next()?;
    let count = |of: &str| -> Option<u64> {
        let counted = counts.split(", ").find_map(|it| it.strip_suffix(of))?;
        counted.trim().parse().ok()
    };
    if count(" failed")? > 0 || count(" errored")? > 0 {
        return None;
    }
    let per_second = printed.split(" req/s").next()?.split(' ').next_back()?;
    let data = printed
        .split("\ntraffic: ")
        .nth(1)?
        .split(") data")
        .next()?
        .split('(')
        .next_back()?;
    Some(Done {
        bytes: data.parse().ok()?,
        calls: count(" succeeded").filter(|calls| *calls > 0)?,
        per_second: per_second.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRK: &str = "Running 1s test @ http://127.0.0.1:1/\n  1 threads and 16 connections\n\
        \x20 1000 requests in 1.00s, 1.50MB read\nRequests/sec:    998.50\nTransfer/sec:      1.50MB\n";

    const H2LOAD: &str = "finished in 1.00s, 500.00 req/s, 1.00MB/s\n\
        requests: 510 total, 532 started, 500 done, 500 succeeded, 0 failed, 0 errored, 0 timeout\n\
        status codes: 500 2xx, 0 3xx, 0 4xx, 0 5xx\n\
        traffic: 53.05KB (54321) total, 1.2KB (1234) headers (space savings 95.00%), 45.00KB (46000) data\n";

    #[test]
    fn what_was_received_is_read() {
        let done = of_wrk(WRK).unwrap();
        assert_eq!((done.calls, done.bytes), (1000, 1.5 * 1024.0 * 1024.0));
        let done = of_h2load(H2LOAD).unwrap();
        assert_eq!((done.calls, done.bytes), (500, 46000.0));
        assert_eq!(binary("12.00"), Some(12.0));
        assert_eq!(binary("1.5X"), None);
    }

    #[test]
    fn calls_that_failed_are_none() {
        let refused = format!("{WRK}  Non-2xx or 3xx responses: 1\n");
        assert!(of_wrk(&refused).is_none());
        assert!(of_h2load(&H2LOAD.replace("0 failed", "1 failed")).is_none());
    }

    #[test]
    fn calls_bring_what_one_brings_that_went_well() {
        let done = |bytes| Done {
            calls: 1000,
            per_second: 1000.0,
            bytes,
        };
        done(99_000.0).check(100, 16).unwrap();
        done(101_600.0).check(100, 16).unwrap();
        // All of them, or a part, were refused with less; or answered with more.
        done(30_000.0).check(100, 16).unwrap_err();
        done(90_000.0).check(100, 16).unwrap_err();
        done(110_000.0).check(100, 16).unwrap_err();
    }
}
