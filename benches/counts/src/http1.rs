//! A client for HTTP/1.1 that costs next to nothing: it knows how long a response is from the first one.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use crate::wire::Mode;

pub(crate) struct Connection {
    io: DuplexStream,
    request: Vec<u8>,
    /// Of the last response.
    response: Vec<u8>,
    /// Of any response, once there was one.
    len: Option<usize>,
}

impl Connection {
    pub(crate) fn new(io: DuplexStream, mode: Mode, path: &str, body: &[u8]) -> Self {
        let (content_type, len) = (mode.content_type(), body.len());
        let mut request = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nuser-agent: counts\r\n\
             content-type: {content_type}\r\naccept: {content_type}\r\nx-grpc-web: 1\r\n\
             content-length: {len}\r\n\r\n"
        )
        .into_bytes();
        request.extend(body);
        Self {
            io,
            request,
            response: vec![0; 64 * 1024],
            len: None,
        }
    }

    /// Makes a call, and returns how many bytes its response has.
    pub(crate) async fn call(&mut self) -> io::Result<usize> {
        self.io.write_all(&self.request).await?;
        if let Some(len) = self.len {
            let mut left = len;
            while left > 0 {
                let most = left.min(self.response.len());
                let read = self.io.read(&mut self.response[..most]).await?;
                if read == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                left -= read;
            }
            return Ok(len);
        }
        let mut response = vec![];
        while !is_whole(&response)? {
            if self.io.read_buf(&mut response).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        self.len = Some(response.len());
        Ok(response.len())
    }
}

/// Whether a response is all there.
fn is_whole(response: &[u8]) -> io::Result<bool> {
    let Some(end) = response.windows(4).position(|it| it == b"\r\n\r\n") else {
        return Ok(false);
    };
    let (head, body) = response.split_at(end + 4);
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    if !head.starts_with("http/1.1 200 ") {
        return Err(io::Error::other(format!("the response was {head}")));
    }
    let len = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    Ok(match len {
        Some(len) => len.parse() == Ok(body.len()),
        None => body.ends_with(b"\r\n0\r\n\r\n"),
    })
}
