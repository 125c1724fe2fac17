//! As many calls at a time as the case says, for a while: wrk and h2load.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::Result;
use crate::cases::Case;
use crate::process::{on_core, printed, sibling};

/// What was done in that while.
pub(crate) struct Done {
    pub(crate) calls: u64,
    pub(crate) per_second: f64,
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
    Some(Done {
        calls: calls.trim().parse().ok().filter(|calls| *calls > 0)?,
        per_second: per_second.parse().ok()?,
    })
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
    Some(Done {
        calls: count(" succeeded").filter(|calls| *calls > 0)?,
        per_second: per_second.parse().ok()?,
    })
}
