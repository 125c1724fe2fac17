//! The requests.

/// A request of the benchmark.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) path: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Case {
    /// `mode` is `binary`, `text` or `grpc`.
    pub(crate) fn parse(name: &str, mode: &str) -> Result<Self, String> {
        let (path, message) = match name {
            "echo-64" => ("/bench.Bench/Echo", payload(64)),
            "echo-64k" => ("/bench.Bench/Echo", payload(64 * 1024)),
            "echo-1m" => ("/bench.Bench/Echo", payload(1024 * 1024)),
            "count-64" => ("/bench.Bench/Count", numbers(&[10_000, 64])),
            "count-16k" => ("/bench.Bench/Count", numbers(&[1_000, 16 * 1024])),
            "wait" => ("/bench.Bench/Wait", payload(64)),
            "ingest" => ("/bench.Bench/Ingest", records()),
            _ => return Err(format!("there is no case {name}")),
        };
        let mut body = vec![0];
        body.extend((message.len() as u32).to_be_bytes());
        body.extend(message);
        let (content_type, body) = match mode {
            "binary" => ("application/grpc-web+proto", body),
            "text" => ("application/grpc-web-text", base64(&body)),
            "grpc" => ("application/grpc", body),
            _ => return Err(format!("there is no mode {mode}")),
        };
        Ok(Self {
            name: name.to_owned(),
            path,
            content_type,
            body,
        })
    }

    /// What the response is to be, where that is not plain: tonic-web answers text only where it is asked for.
    pub(crate) fn accept(&self) -> Option<&'static str> {
        self.is_text().then_some(self.content_type)
    }

    pub(crate) fn is_text(&self) -> bool {
        self.content_type == "application/grpc-web-text"
    }
}

fn varint(mut number: u64, to: &mut Vec<u8>) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

fn bytes_field(field: u64, bytes: &[u8], to: &mut Vec<u8>) {
    varint(field << 3 | 2, to);
    varint(bytes.len() as u64, to);
    to.extend(bytes);
}

fn numbers(numbers: &[u64]) -> Vec<u8> {
    let mut message = vec![];
    for (field, number) in (1..).zip(numbers) {
        varint(field << 3, &mut message);
        varint(*number, &mut message);
    }
    message
}

fn payload(size: usize) -> Vec<u8> {
    let mut message = vec![];
    bytes_field(1, &vec![b'a'; size], &mut message);
    message
}

/// 50 records of some 350 bytes; `benches/counts` has the same.
fn records() -> Vec<u8> {
    let mut message = vec![];
    for number in 0..50_u64 {
        let mut record = numbers(&[1_760_000_000_000_000_000 + number, 9]);
        bytes_field(3, b"INFO", &mut record);
        let body = format!(
            "request {number} to /api/v1/things/{} took {number} ms, of which the database took {number} ms",
            number * 7
        );
        bytes_field(4, body.as_bytes(), &mut record);
        let mut source = vec![];
        bytes_field(1, b"checkout", &mut source);
        bytes_field(
            2,
            format!("host-{}.example.com", number % 8).as_bytes(),
            &mut source,
        );
        varint(3 << 3, &mut source);
        varint(4711 + number, &mut source);
        bytes_field(5, &source, &mut record);
        for (key, value) in [
            ("http.request.method", "POST"),
            ("http.route", "/api/v1/things/:id"),
            ("deployment.environment", "production"),
            ("cloud.region", "eu-central-1"),
            ("http.response.status_code", "200"),
        ] {
            let mut entry = vec![];
            bytes_field(1, key.as_bytes(), &mut entry);
            bytes_field(2, value.as_bytes(), &mut entry);
            bytes_field(6, &entry, &mut record);
        }
        bytes_field(
            7,
            format!("{:032x}", u128::from(number) * 0x9e37_79b9).as_bytes(),
            &mut record,
        );
        bytes_field(
            8,
            format!("{:016x}", number * 0x9e37_79b9).as_bytes(),
            &mut record,
        );
        bytes_field(1, &record, &mut message);
    }
    message
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let [a, b, c] = [0, 1, 2].map(|at| u32::from(*three.get(at).unwrap_or(&0)));
        let group = a << 16 | b << 8 | c;
        for digit in 0..4 {
            let index = group >> (18 - 6 * digit) & 0x3f;
            text.push(if digit <= three.len() {
                DIGITS[index as usize]
            } else {
                b'='
            });
        }
    }
    text
}
