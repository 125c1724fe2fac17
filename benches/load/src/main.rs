//! Makes calls, an exact number of them, and writes requests for wrk and h2load.
//!
//! - `load calls PORT CASE MODE COUNT [h2]`: one after the other on one connection, of HTTP/1.1 or of HTTP/2.
//! - `load length PORT CASE MODE [h2]`: how long the response of a call is: over HTTP/1.1 all that comes, over HTTP/2 its
//!   data.
//! - `load keep PORT CASE MODE COUNT`: as many HTTP/1.1 connections, a call on each. Says `kept`, and keeps them until
//!   its standard input ends.
//! - `load first PORT MODE COUNT`: as many streams one after the other; how long the first message took, the median and
//!   the 99th percentile in ns.
//! - `load body CASE MODE`: the body of a request to the standard output.
//! - `load path CASE`: the path of the method.
//! - `load type CASE MODE`: the content type.

mod case;
mod http1;
mod http2;
mod outcome;

use std::env::args;
use std::error::Error;
use std::io::{Read as _, Write as _, stdin, stdout};
use std::time::Duration;

use case::Case;

/// How long a server may take for the next bytes.
const PATIENCE: Duration = Duration::from_secs(30);

const USAGE: &str = "usage: load calls PORT CASE MODE COUNT [h2] | length PORT CASE MODE [h2] | \
                     keep PORT CASE MODE COUNT | first PORT MODE COUNT | body CASE MODE | path CASE | type CASE MODE";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["calls", port, case, mode, count] => {
            http1::calls(port.parse()?, &Case::parse(case, mode)?, count.parse()?)?;
        }
        ["calls", port, case, mode, count, "h2"] => {
            let len = http2::calls(port.parse()?, &Case::parse(case, mode)?, count.parse()?)?;
            eprintln!("{len} bytes a response");
        }
        ["length", port, case, mode] => {
            println!(
                "{}",
                http1::length(port.parse()?, &Case::parse(case, mode)?)?
            );
        }
        ["length", port, case, mode, "h2"] => {
            let case = Case::parse(case, mode)?;
            println!("{}", http2::calls(port.parse()?, &case, 1)?);
        }
        ["keep", port, case, mode, count] => {
            let kept = http1::kept(port.parse()?, &Case::parse(case, mode)?, count.parse()?)?;
            println!("kept");
            stdin().read_to_end(&mut vec![])?;
            drop(kept);
        }
        ["first", port, mode, count] => {
            let (before, case) = (Case::parse("echo-64", mode)?, Case::parse("wait", mode)?);
            let mut took = http1::first_messages(port.parse()?, &before, &case, count.parse()?)?;
            took.sort();
            let at = |part: f64| took[((took.len() - 1) as f64 * part) as usize].as_nanos();
            println!("{} {}", at(0.5), at(0.99));
        }
        ["body", case, mode] => stdout().write_all(&Case::parse(case, mode)?.body)?,
        ["path", case] => println!("{}", Case::parse(case, "binary")?.path),
        ["type", case, mode] => println!("{}", Case::parse(case, mode)?.content_type),
        _ => return Err(USAGE.into()),
    }
    Ok(())
}
