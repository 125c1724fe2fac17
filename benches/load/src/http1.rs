//! As little HTTP/1.1 as it takes to call.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use crate::PATIENCE;
use crate::case::Case;
use crate::outcome::Outcome;

/// Makes calls, and checks that all went well, and that their responses are as long as the first.
pub(crate) fn calls(port: u16, case: &Case, count: u64) -> io::Result<()> {
    let mut connection = Connection::new(port)?;
    let request = request(case);
    let mut expected = None;
    for _ in 0..count {
        connection.send(&request)?;
        let outcome = connection.response()?;
        outcome.check(case)?;
        let len = outcome.len;
        if *expected.get_or_insert(len) != len {
            return Err(io::Error::other("two responses differ in length"));
        }
    }
    eprintln!("{} bytes a response", expected.unwrap_or_default());
    Ok(())
}

/// How many bytes come of a call that goes well, with the head.
pub(crate) fn length(port: u16, case: &Case) -> io::Result<u64> {
    let mut connection = Connection::new(port)?;
    connection.send(&request(case))?;
    connection.response()?.check(case)?;
    Ok(connection.received)
}

/// Connections that made a call each, and stay. Of the case `wait` there is the first message only.
pub(crate) fn kept(port: u16, case: &Case, count: u64) -> io::Result<Vec<impl Sized + use<>>> {
    let request = request(case);
    (0..count)
        .map(|_| {
            let mut connection = Connection::new(port)?;
            connection.send(&request)?;
            if case.name == "wait" {
                connection.first_chunk()?;
            } else {
                connection.response()?.check(case)?;
            }
            Ok(connection)
        })
        .collect()
}

/// How long the first message of a stream took, each on a connection of its own that made a call before.
pub(crate) fn first_messages(
    port: u16,
    before: &Case,
    case: &Case,
    count: u64,
) -> io::Result<Vec<Duration>> {
    let (request_before, request) = (request(before), request(case));
    (0..count)
        .map(|_| {
            let mut connection = Connection::new(port)?;
            connection.send(&request_before)?;
            connection.response()?.check(before)?;
            let start = Instant::now();
            connection.send(&request)?;
            connection.first_chunk()?;
            Ok(start.elapsed())
        })
        .collect()
}

fn request(case: &Case) -> Vec<u8> {
    let mut request = format!(
        "POST {} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {}\r\n{}x-case: {}\r\ncontent-length: {}\r\n\r\n",
        case.path,
        case.content_type,
        case.accept().map_or_else(String::new, |it| format!("accept: {it}\r\n")),
        case.name,
        case.body.len()
    )
    .into_bytes();
    request.extend(&case.body);
    request
}

struct Connection {
    stream: BufReader<TcpStream>,
    /// All bytes that were read so far.
    received: u64,
}

impl Connection {
    fn new(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream: BufReader::with_capacity(64 * 1024, stream),
            received: 0,
        })
    }

    fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(request)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.received += self.stream.read_line(&mut line)? as u64;
        Ok(line.trim_end().to_ascii_lowercase())
    }

    /// The length of a body, where it was told.
    fn head(&mut self) -> io::Result<Option<u64>> {
        let status = self.line()?;
        if !status.contains(" 200 ") {
            return Err(io::Error::other(format!("not 200: {status:?}")));
        }
        let (mut length, mut chunked) = (0, false);
        loop {
            let header = self.line()?;
            if header.is_empty() {
                return Ok((!chunked).then_some(length));
            }
            if let Some(value) = header.strip_prefix("content-length: ") {
                length = value.parse().map_err(io::Error::other)?;
            }
            chunked |= header == "transfer-encoding: chunked";
        }
    }

    /// Reads a response to its end.
    fn response(&mut self) -> io::Result<Outcome> {
        let mut outcome = Outcome::default();
        if let Some(length) = self.head()? {
            self.read(length, &mut outcome)?;
            return Ok(outcome);
        }
        while self.chunk(&mut outcome)? > 0 {}
        Ok(outcome)
    }

    /// Reads a response up to the end of its first chunk.
    fn first_chunk(&mut self) -> io::Result<()> {
        if self.head()?.is_some() || self.chunk(&mut Outcome::default())? == 0 {
            return Err(io::Error::other("the stream had no message"));
        }
        Ok(())
    }

    fn chunk(&mut self, outcome: &mut Outcome) -> io::Result<u64> {
        let size = u64::from_str_radix(&self.line()?, 16).map_err(io::Error::other)?;
        self.read(size, outcome)?;
        self.line()?;
        Ok(size)
    }

    fn read(&mut self, bytes: u64, outcome: &mut Outcome) -> io::Result<()> {
        self.received += bytes;
        let mut bytes = (&mut self.stream).take(bytes);
        while bytes.limit() > 0 {
            let part = bytes.fill_buf()?;
            if part.is_empty() {
                return Err(io::Error::other("the response broke off"));
            }
            let read = part.len();
            outcome.push(part);
            bytes.consume(read);
        }
        Ok(())
    }
}
