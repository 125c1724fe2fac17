//! As little HTTP/1.1 as it takes to call.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};

use crate::case::Case;

/// Makes calls, and checks that all responses are as long as the first.
pub(crate) fn calls(port: u16, case: &Case, count: u64) -> io::Result<()> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_nodelay(true)?;
    let mut request = format!(
        "POST {} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {}\r\nx-case: {}\r\ncontent-length: {}\r\n\r\n",
        case.path,
        case.content_type,
        case.name,
        case.body.len()
    )
    .into_bytes();
    request.extend(&case.body);
    let mut responses = BufReader::with_capacity(256 * 1024, stream.try_clone()?);
    let mut expected = None;
    for _ in 0..count {
        (&stream).write_all(&request)?;
        let len = response(&mut responses)?;
        if *expected.get_or_insert(len) != len {
            return Err(io::Error::other("two responses differ in length"));
        }
    }
    eprintln!("{} bytes a response", expected.unwrap_or_default());
    Ok(())
}

fn line(responses: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    responses.read_line(&mut line)?;
    Ok(line.trim_end().to_ascii_lowercase())
}

/// Reads a response, and says how long its body was.
fn response(responses: &mut BufReader<TcpStream>) -> io::Result<u64> {
    let status = line(responses)?;
    if !status.contains(" 200 ") {
        return Err(io::Error::other(format!("not 200: {status:?}")));
    }
    let (mut length, mut chunked) = (0, false);
    loop {
        let header = line(responses)?;
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length: ") {
            length = value.parse().map_err(io::Error::other)?;
        }
        chunked |= header == "transfer-encoding: chunked";
    }
    if !chunked {
        skip(responses, length)?;
        return Ok(length);
    }
    let mut total = 0;
    loop {
        let size = u64::from_str_radix(&line(responses)?, 16).map_err(io::Error::other)?;
        skip(responses, size + 2)?;
        if size == 0 {
            return Ok(total);
        }
        total += size;
    }
}

fn skip(responses: &mut BufReader<TcpStream>, bytes: u64) -> io::Result<()> {
    let skipped = io::copy(&mut responses.take(bytes), &mut io::sink())?;
    if skipped < bytes {
        return Err(io::Error::other("the response broke off"));
    }
    Ok(())
}
