//! Key-value pairs that travel beside the messages of a call.

use std::fmt;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};

/// The end of a key whose values are bytes.
const BINARY_SUFFIX: &str = "-bin";

/// `-bin` values are written without padding and read with or without it (PROTOCOL-HTTP2,
/// "Custom-Metadata").
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Metadata of a call: initial (before the messages) or trailing (after them).
///
/// A typed view on an [`http::HeaderMap`]. Keys are lower-case ASCII. A key that ends in `-bin` has
/// values of any bytes, which travel in base64; all other values are visible ASCII and spaces. A key
/// may have several values. Names that belong to HTTP or to gRPC itself (`content-type`, `grpc-…`)
/// cannot be set, and are left out by [`iter`](Self::iter).
///
/// The rules are those of "Custom-Metadata" in the [gRPC over HTTP/2] page.
///
/// [gRPC over HTTP/2]: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
///
/// ```
/// use grpcweb_runtime::MetadataMap;
///
/// let mut metadata = MetadataMap::new();
/// metadata.insert("x-request-id", "7f3a")?;
/// metadata.insert_bin("x-trace-bin", [0, 255])?;
///
/// assert_eq!(metadata.get("x-request-id"), Some("7f3a"));
/// assert_eq!(metadata.get_bin("x-trace-bin").as_deref(), Some(&[0, 255][..]));
/// assert!(metadata.insert("content-type", "text/html").is_err());
/// # Ok::<(), grpcweb_runtime::InvalidMetadata>(())
/// ```
#[derive(Clone, Default)]
pub struct MetadataMap {
    headers: HeaderMap,
    /// Whether it came with an HTTP message of somebody else's.
    received: bool,
}

impl MetadataMap {
    /// A map without entries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there is nothing in the map.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.headers.is_empty()
    }

    /// The first value of a key that does not end in `-bin`.
    ///
    /// `None` too where the peer sent a value that is not visible ASCII.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.get_all(key).next()
    }

    /// All values of a key that does not end in `-bin`.
    pub fn get_all(&self, key: &str) -> impl Iterator<Item = &str> {
        let key = if is_binary(key) { "" } else { key };
        self.headers
            .get_all(key)
            .into_iter()
            .filter_map(|value| value.to_str().ok())
    }

    /// The first value of a key that ends in `-bin`.
    ///
    /// `None` too where the peer sent a value that is not base64.
    #[must_use]
    pub fn get_bin(&self, key: &str) -> Option<Bytes> {
        self.get_all_bin(key).next()
    }

    /// All values of a key that ends in `-bin`. A peer may have sent several as one list with commas.
    pub fn get_all_bin(&self, key: &str) -> impl Iterator<Item = Bytes> {
        let key = if is_binary(key) { key } else { "" };
        self.headers
            .get_all(key)
            .into_iter()
            .flat_map(|value| value.as_bytes().split(|&b| b == b','))
            .filter_map(decode_bin)
    }

    /// Whether the key has a value.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.headers.contains_key(key)
    }

    /// Sets the only value of a key.
    ///
    /// # Errors
    ///
    /// Where the key is reserved, not a valid name, or ends in `-bin`; where the value has other
    /// characters than visible ASCII and spaces between them.
    pub fn insert(&mut self, key: &str, value: &str) -> Result<(), InvalidMetadata> {
        let (key, value) = ascii_entry(key, value)?;
        self.try_insert(key, value)
    }

    /// Adds a value to a key.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    pub fn append(&mut self, key: &str, value: &str) -> Result<(), InvalidMetadata> {
        let (key, value) = ascii_entry(key, value)?;
        self.try_append(key, value)
    }

    /// Sets the only value of a key that ends in `-bin`.
    ///
    /// # Errors
    ///
    /// Where the key is reserved, not a valid name, or does not end in `-bin`.
    pub fn insert_bin(
        &mut self,
        key: &str,
        value: impl AsRef<[u8]>,
    ) -> Result<(), InvalidMetadata> {
        let (key, value) = binary_entry(key, value.as_ref())?;
        self.try_insert(key, value)
    }

    /// Adds a value to a key that ends in `-bin`.
    ///
    /// # Errors
    ///
    /// As [`insert_bin`](Self::insert_bin).
    pub fn append_bin(
        &mut self,
        key: &str,
        value: impl AsRef<[u8]>,
    ) -> Result<(), InvalidMetadata> {
        let (key, value) = binary_entry(key, value.as_ref())?;
        self.try_append(key, value)
    }

    fn try_insert(&mut self, key: HeaderName, value: HeaderValue) -> Result<(), InvalidMetadata> {
        match self.headers.try_insert(key, value) {
            Ok(_) => Ok(()),
            Err(_) => Err(InvalidMetadata::new("", Problem::TooMany)),
        }
    }

    fn try_append(&mut self, key: HeaderName, value: HeaderValue) -> Result<(), InvalidMetadata> {
        match self.headers.try_append(key, value) {
            Ok(_) => Ok(()),
            Err(_) => Err(InvalidMetadata::new("", Problem::TooMany)),
        }
    }

    /// Removes all values of a key.
    pub fn remove(&mut self, key: &str) {
        self.headers.remove(key);
    }

    /// Every entry but those that belong to HTTP or to gRPC itself, a value at a time. Binary values
    /// are as they travel, in base64.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &HeaderValue)> {
        self.headers
            .iter()
            .map(|(key, value)| (key.as_str(), value))
            .filter(|(key, _)| !is_reserved(key))
    }

    /// The headers underneath, those of HTTP and gRPC itself included.
    #[must_use]
    pub fn as_headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Adds every entry of `other`, in place of what its keys had here. What is too much for one map
    /// is left out.
    pub(crate) fn extend(&mut self, other: &Self) {
        for key in other.headers.keys() {
            self.headers.remove(key);
        }
        for (key, value) in &other.headers {
            let _ = self.headers.try_append(key.clone(), value.clone());
        }
    }

    pub(crate) fn from_headers(headers: HeaderMap) -> Self {
        Self {
            headers,
            received: true,
        }
    }

    /// All headers, those of HTTP and gRPC itself included.
    pub(crate) fn into_headers(self) -> HeaderMap {
        self.headers
    }

    /// The entries as headers of a message that we send. A map that was received and is passed on
    /// loses what belongs to the protocols, and what was said of the other exchange: cookies and leave for
    /// origins are not handed on by a mere `?`.
    pub(crate) fn into_sendable_headers(self) -> HeaderMap {
        let received = self.received;
        without(self.headers, |key| {
            is_reserved(key) || (received && is_of_exchange(key))
        })
    }

    /// The entries as trailers of a response. An error that is passed on may have the headers of a
    /// whole other exchange with it, and loses those too.
    pub(crate) fn into_trailers(self) -> HeaderMap {
        without(self.headers, |key| is_reserved(key) || is_of_exchange(key))
    }
}

fn without(mut headers: HeaderMap, unwanted: impl Fn(&str) -> bool) -> HeaderMap {
    let keys: Vec<_> = headers
        .keys()
        .filter(|key| unwanted(key.as_str()))
        .cloned()
        .collect();
    for key in keys {
        headers.remove(key);
    }
    headers
}

/// Shows the entries of [`MetadataMap::iter`]. Values that are marked as sensitive are hidden.
impl fmt::Debug for MetadataMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// A key or value that cannot be metadata.
///
/// Turns into a [`Status`](crate::Status) with code `INTERNAL`, so that a handler can use `?`.
#[derive(Debug, Clone)]
pub struct InvalidMetadata {
    key: String,
    problem: Problem,
}

#[derive(Debug, Clone, Copy)]
enum Problem {
    Name,
    Reserved,
    NeedsBin,
    MustNotBeBin,
    Value,
    TooMany,
}

impl InvalidMetadata {
    fn new(key: &str, problem: Problem) -> Self {
        Self {
            key: key.to_owned(),
            problem,
        }
    }
}

impl fmt::Display for InvalidMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, problem } = self;
        match problem {
            Problem::Name => write!(f, "metadata key {key:?} is not a valid header name"),
            Problem::Reserved => write!(
                f,
                "metadata key {key:?} belongs to HTTP or gRPC itself and cannot be set"
            ),
            Problem::NeedsBin => write!(
                f,
                "metadata key {key:?} does not end in \"-bin\", so its value must be text: use \
                 `insert` or `append`"
            ),
            Problem::MustNotBeBin => write!(
                f,
                "metadata key {key:?} ends in \"-bin\", so its value is bytes: use `insert_bin` or \
                 `append_bin`"
            ),
            Problem::Value => write!(
                f,
                "the value of metadata key {key:?} has characters other than visible ASCII and \
                 inner spaces: use a key that ends in \"-bin\", or encode it"
            ),
            Problem::TooMany => f.write_str("too many metadata entries in one map"),
        }
    }
}

impl std::error::Error for InvalidMetadata {}

fn is_binary(key: &str) -> bool {
    let start = key.len().saturating_sub(BINARY_SUFFIX.len());
    key.get(start..)
        .is_some_and(|end| end.eq_ignore_ascii_case(BINARY_SUFFIX))
}

/// Names that a call uses for itself, or that steer the HTTP exchange under it.
fn is_reserved(key: &str) -> bool {
    key.starts_with("grpc-")
        || matches!(
            key,
            "accept"
                | "accept-encoding"
                | "connection"
                | "content-encoding"
                | "content-length"
                | "content-type"
                | "expect"
                | "host"
                | "keep-alive"
                | "proxy-connection"
                | "te"
                | "trailer"
                | "transfer-encoding"
                | "upgrade"
                | "x-grpc-web"
        )
}

/// Names that say something about one HTTP exchange and nothing about a call.
fn is_of_exchange(key: &str) -> bool {
    key.starts_with("access-control-")
        || matches!(
            key,
            "accept-post"
                | "age"
                | "allow"
                | "alt-svc"
                | "cache-control"
                | "date"
                | "etag"
                | "expires"
                | "last-modified"
                | "location"
                | "proxy-authenticate"
                | "server"
                | "set-cookie"
                | "strict-transport-security"
                | "vary"
                | "via"
                | "www-authenticate"
        )
}

fn name(key: &str) -> Result<HeaderName, InvalidMetadata> {
    let name = HeaderName::from_bytes(key.as_bytes())
        .map_err(|_| InvalidMetadata::new(key, Problem::Name))?;
    if is_reserved(name.as_str()) {
        return Err(InvalidMetadata::new(key, Problem::Reserved));
    }
    Ok(name)
}

fn ascii_entry(key: &str, value: &str) -> Result<(HeaderName, HeaderValue), InvalidMetadata> {
    let name = name(key)?;
    if is_binary(name.as_str()) {
        return Err(InvalidMetadata::new(key, Problem::MustNotBeBin));
    }
    let visible = value.bytes().all(|b| matches!(b, b' '..=b'~'));
    let trimmed = value.trim_matches(' ').len() == value.len();
    match HeaderValue::from_str(value) {
        Ok(value) if visible && trimmed => Ok((name, value)),
        _ => Err(InvalidMetadata::new(key, Problem::Value)),
    }
}

fn binary_entry(key: &str, value: &[u8]) -> Result<(HeaderName, HeaderValue), InvalidMetadata> {
    let name = name(key)?;
    if !is_binary(name.as_str()) {
        return Err(InvalidMetadata::new(key, Problem::NeedsBin));
    }
    match HeaderValue::from_maybe_shared(encode_bin(value)) {
        Ok(value) => Ok((name, value)),
        Err(_) => Err(InvalidMetadata::new(key, Problem::Value)),
    }
}

pub(crate) fn encode_bin(value: &[u8]) -> Bytes {
    BASE64.encode(value).into()
}

pub(crate) fn decode_bin(value: &[u8]) -> Option<Bytes> {
    BASE64.decode(value.trim_ascii()).ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(entries: &[(&'static str, &'static str)]) -> MetadataMap {
        MetadataMap::from_headers(
            entries
                .iter()
                .map(|&(key, value)| {
                    (
                        HeaderName::from_static(key),
                        HeaderValue::from_static(value),
                    )
                })
                .collect(),
        )
    }

    /// Known mistake 30.
    #[test]
    fn binary_values_are_read_padded_unpadded_and_as_a_list() {
        for value in ["AP8=", "AP8", " AP8 "] {
            let metadata = received(&[("x-bin", value)]);
            assert_eq!(metadata.get_bin("x-bin").as_deref(), Some(&[0, 255][..]));
        }
        let metadata = MetadataMap::from_headers(
            [("x-bin", "AA==,AQ"), ("x-bin", "Ag")]
                .map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v)))
                .into_iter()
                .fold(HeaderMap::new(), |mut map, (k, v)| {
                    map.append(k, v);
                    map
                }),
        );
        let values: Vec<_> = metadata.get_all_bin("x-bin").collect();
        assert_eq!(values, [&[0][..], &[1], &[2]]);
    }

    /// Known mistake 30.
    #[test]
    fn binary_values_are_written_without_padding() {
        let mut metadata = MetadataMap::new();
        metadata.insert_bin("x-bin", [0, 255]).unwrap();
        assert_eq!(metadata.as_headers()["x-bin"], "AP8");
    }

    #[test]
    fn what_belongs_to_the_protocol_cannot_be_set_and_is_not_listed() {
        let mut metadata = MetadataMap::new();
        for key in [
            "grpc-status",
            "Grpc-Timeout",
            "content-length",
            "te",
            "Host",
        ] {
            let error = metadata.insert(key, "1").unwrap_err();
            assert!(error.to_string().contains(key), "{error}");
        }
        let metadata = received(&[
            ("content-type", "a/b"),
            ("x-a", "1"),
            ("grpc-timeout", "1S"),
        ]);
        let listed: Vec<_> = metadata.iter().map(|(key, _)| key).collect();
        assert_eq!(listed, ["x-a"]);
        assert_eq!(metadata.into_sendable_headers().len(), 1);
    }

    /// Known mistake 29.
    #[test]
    fn a_value_cannot_smuggle_in_another_line() {
        let mut metadata = MetadataMap::new();
        for value in ["a\r\ngrpc-status: 0", "a\nb", "é", " a", "a ", "\u{7f}"] {
            assert!(metadata.insert("x-a", value).is_err(), "{value:?}");
        }
        assert!(metadata.insert("x a", "1").is_err());
        assert!(metadata.insert("", "1").is_err());
        assert!(metadata.is_empty());
    }

    #[test]
    fn keys_are_the_same_in_any_case() {
        let mut metadata = MetadataMap::new();
        metadata.insert_bin("X-Trace-Bin", [1]).unwrap();
        assert_eq!(metadata.get_bin("X-Trace-BIN").as_deref(), Some(&[1][..]));
        assert_eq!(metadata.get("X-Trace-Bin"), None);
        assert!(metadata.insert("X-Trace-BIN", "1").is_err());
    }

    #[test]
    fn keys_with_underscores_are_not_those_with_dashes() {
        let mut metadata = MetadataMap::new();
        metadata.insert("x_a", "1").unwrap();
        assert_eq!(metadata.get("x-a"), None);
        metadata.insert("x-a", "2").unwrap();
        assert_eq!(metadata.get("x_a"), Some("1"));
        assert_eq!(metadata.get("x-a"), Some("2"));
    }

    #[test]
    fn more_than_a_map_holds_is_an_error() {
        let mut metadata = MetadataMap::new();
        let full = (0..40_000).find(|n| metadata.insert(&format!("k{n}"), "v").is_err());
        assert!(full.is_some());
        let mut other = MetadataMap::new();
        other.insert("other", "v").unwrap();
        metadata.extend(&other);
        assert_eq!(metadata.get("k0"), Some("v"));
    }

    #[test]
    fn trailers_have_nothing_of_another_exchange() {
        let metadata = received(&[
            ("set-cookie", "a=b"),
            ("access-control-allow-origin", "*"),
            ("date", "now"),
            ("x-request-id", "7"),
        ]);
        let trailers = metadata.into_trailers();
        assert_eq!(trailers.keys().collect::<Vec<_>>(), ["x-request-id"]);
    }

    #[test]
    fn headers_have_nothing_of_another_exchange_unless_they_were_set_here() {
        let mut headers = HeaderMap::new();
        for name in ["set-cookie", "access-control-allow-origin", "x-mine"] {
            headers.insert(name, HeaderValue::from_static("a"));
        }
        let passed_on = MetadataMap::from_headers(headers).into_sendable_headers();
        assert_eq!(passed_on.keys().collect::<Vec<_>>(), ["x-mine"]);

        let mut own = MetadataMap::new();
        own.insert("set-cookie", "a=b").unwrap();
        assert_eq!(own.into_sendable_headers().len(), 1);
    }

    #[test]
    fn text_and_bytes_do_not_share_keys() {
        let mut metadata = MetadataMap::new();
        assert!(metadata.insert("x-bin", "1").is_err());
        assert!(metadata.insert_bin("x-text", b"1").is_err());
        metadata.insert_bin("x-bin", b"1").unwrap();
        assert_eq!(metadata.get("x-bin"), None);
    }
}
