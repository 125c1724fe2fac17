use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::wire::Reply;

/// How long an answer may take before it counts as none.
const PATIENCE: Duration = Duration::from_secs(20);

/// An HTTP/1.1 connection that sends bytes as they are given.
#[derive(Debug)]
pub struct RawConnection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl RawConnection {
    /// Connects.
    ///
    /// # Panics
    ///
    /// Where nobody listens.
    pub async fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("a server");
        stream.set_nodelay(true).expect("a socket");
        Self {
            stream,
            received: Vec::new(),
        }
    }

    /// The head of a request, with more header lines after those that every request has.
    #[must_use]
    pub fn head(method: &str, content_type: &str, more: &str) -> String {
        format!(
            "POST /calls.Notes/{method} HTTP/1.1\r\nhost: test\r\n\
             content-type: {content_type}\r\n{more}\r\n"
        )
    }

    /// Sends bytes in one write.
    ///
    /// # Panics
    ///
    /// Where the server has closed the connection.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let sent = self.stream.write_all(bytes.as_ref()).await;
        sent.expect("an open connection");
    }

    /// The same, with a server that may close the connection at any time. Returns whether it did.
    pub async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_err()
    }

    /// Says that nothing more is sent.
    pub async fn half_close(&mut self) {
        // An error says that the server closed the connection before.
        let _ = self.stream.shutdown().await;
    }

    /// What the server sends until it closes the connection.
    pub async fn read_to_end(&mut self) -> Vec<u8> {
        while self.more().await.is_some() {}
        std::mem::take(&mut self.received)
    }

    /// Reads the next response.
    ///
    /// # Panics
    ///
    /// Where there is none, or it breaks off.
    pub async fn response(&mut self) -> Reply {
        let response = timeout(PATIENCE, self.read_response()).await;
        response.expect("a response in time").expect("a response")
    }

    /// The next response, or `None` where the server closes the connection before the end of one.
    ///
    /// # Panics
    ///
    /// Where it does neither.
    pub async fn response_or_end(&mut self) -> Option<Reply> {
        let response = timeout(PATIENCE, self.read_response()).await;
        response.expect("a response or an end in time")
    }

    /// Whether the server begins to answer, of which nothing more is read.
    ///
    /// # Panics
    ///
    /// Where it does nothing.
    pub async fn starts(&mut self) -> bool {
        let more = timeout(PATIENCE, self.more()).await;
        more.expect("an answer in time").is_some()
    }

    /// Whether the server closes the connection without sending more.
    ///
    /// # Panics
    ///
    /// Where it does not close it.
    pub async fn ends(&mut self) -> bool {
        let more = timeout(PATIENCE, self.more()).await;
        more.expect("an end in time").is_none()
    }

    async fn read_response(&mut self) -> Option<Reply> {
        let head = self.line_end(b"\r\n\r\n").await?;
        let head: Vec<u8> = self.received.drain(..head).collect();
        let head = String::from_utf8(head).expect("visible ASCII");
        let (first, lines) = head.split_once("\r\n").expect("a status line");
        let status: StatusCode = first[9..12].parse().expect("a status");
        let mut response = Response::new(());
        *response.status_mut() = status;
        *response.headers_mut() = headers(lines);
        let header = |name: &str| response.headers().get(name).map(HeaderValue::as_bytes);
        let (body, trailers) = match (header("transfer-encoding"), header("content-length")) {
            _ if status.is_informational() => (vec![], None),
            (Some(_), _) => self.chunked().await?,
            (None, Some(len)) => {
                let len = std::str::from_utf8(len).expect("a number");
                (self.exactly(len.parse().expect("a number")).await?, None)
            }
            (None, None) => (vec![], None),
        };
        Some(Reply {
            head: response,
            body: Bytes::from(body),
            trailers,
        })
    }

    async fn chunked(&mut self) -> Option<(Vec<u8>, Option<HeaderMap>)> {
        let mut body = Vec::new();
        loop {
            let end = self.line_end(b"\r\n").await?;
            let line: Vec<u8> = self.received.drain(..end).collect();
            let len = std::str::from_utf8(&line[..end - 2]).expect("a number");
            let len = usize::from_str_radix(len, 16).expect("a number");
            if len > 0 {
                body.extend(self.exactly(len).await?);
                self.exactly(2).await?;
                continue;
            }
            let mut lines = Vec::new();
            loop {
                let end = self.line_end(b"\r\n").await?;
                let line: Vec<u8> = self.received.drain(..end).collect();
                if line.len() == 2 {
                    break;
                }
                lines.extend(line);
            }
            let trailers = headers(std::str::from_utf8(&lines).expect("visible ASCII"));
            return Some((body, (!trailers.is_empty()).then_some(trailers)));
        }
    }

    async fn line_end(&mut self, end: &[u8]) -> Option<usize> {
        loop {
            let found = self.received.windows(end.len()).position(|w| w == end);
            match found {
                Some(at) => return Some(at + end.len()),
                None => self.more().await?,
            }
        }
    }

    async fn exactly(&mut self, len: usize) -> Option<Vec<u8>> {
        while self.received.len() < len {
            self.more().await?;
        }
        Some(self.received.drain(..len).collect())
    }

    /// Waits for more bytes; `None` where there are none.
    async fn more(&mut self) -> Option<()> {
        let mut chunk = [0; 16 * 1024];
        match self.stream.read(&mut chunk).await {
            Ok(0) | Err(_) => None,
            Ok(read) => {
                self.received.extend_from_slice(&chunk[..read]);
                Some(())
            }
        }
    }
}

fn headers(lines: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines.lines().filter(|line| !line.is_empty()) {
        let (key, value) = line.split_once(':').expect("a header");
        let key = HeaderName::from_bytes(key.as_bytes()).expect("a name");
        headers.append(key, value.trim().parse().expect("a value"));
    }
    headers
}
