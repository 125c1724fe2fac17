//! Makes calls, an exact number of them, and writes requests for wrk and h2load.
//!
//! - `load calls PORT CASE MODE COUNT`: one after the other on one HTTP/1.1 connection.
//! - `load body CASE MODE`: the body of a request to the standard output.
//! - `load path CASE`: the path of the method.

mod case;
mod http1;

use std::env::args;
use std::error::Error;
use std::io::Write as _;

use case::Case;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["calls", port, case, mode, count] => {
            let case = Case::parse(case, mode)?;
            http1::calls(port.parse()?, &case, count.parse()?)?;
        }
        ["body", case, mode] => std::io::stdout().write_all(&Case::parse(case, mode)?.body)?,
        ["path", case] => println!("{}", Case::parse(case, "binary")?.path),
        _ => {
            return Err(
                "usage: load calls PORT CASE MODE COUNT | body CASE MODE | path CASE".into(),
            );
        }
    }
    Ok(())
}
