//! The addresses and schemes that proxies write down, in two notations.
//!
//! Both are read from the right, where the nearest proxy writes: nothing that stands further left, in a
//! request that a client made up, can change what is found before it.

use std::net::{IpAddr, SocketAddr};

use http::header::{FORWARDED, HeaderMap, HeaderName};

use super::ClientScheme;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Where the proxies write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header {
    /// `X-Forwarded-For: 192.0.2.1, 198.51.100.2`, and `X-Forwarded-Proto: https`
    XForwardedFor,
    /// `Forwarded: for=192.0.2.1, for="[2001:db8::1]:4711";proto=https`, RFC 7239.
    Forwarded,
}

impl Header {
    /// What the proxies wrote, the last one first: an address each, or `None` where it is none.
    pub(super) fn hops(self, headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
        let name = match self {
            Self::XForwardedFor => X_FORWARDED_FOR,
            Self::Forwarded => FORWARDED,
        };
        elements(headers, name).map(move |element| match self {
            Self::XForwardedFor => node(element),
            Self::Forwarded => node(parameter(element, "for")?),
        })
    }

    /// What the client spoke with the first of the proxies, of which so many wrote a hop.
    pub(super) fn scheme(self, headers: &HeaderMap, hops: usize) -> Option<ClientScheme> {
        let scheme = match self {
            // Each proxy may add to the list, or one alone says what came in from outside.
            Self::XForwardedFor => {
                let schemes = elements(headers, X_FORWARDED_PROTO);
                schemes.take(hops.max(1)).last()?
            }
            Self::Forwarded => {
                let element = elements(headers, FORWARDED).nth(hops.checked_sub(1)?)?;
                parameter(element, "proto")?
            }
        };
        ClientScheme::parse(scheme)
    }
}

/// The elements of all lines of a header, the last one first.
fn elements(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers.get_all(name).iter().rev().flat_map(|line| {
        // Half a line of which the other half is not text could say anything.
        Elements::of(line.to_str().unwrap_or("?"), ',')
    })
}

/// What an element of `Forwarded` says by a name, without its quotes.
fn parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = Elements::of(element, ';').filter_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.eq_ignore_ascii_case(name).then_some(value)
    });
    let value = pairs.next()?;
    if pairs.next().is_some() {
        return None;
    }
    match value.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"'),
        None => Some(value),
    }
}

/// An address with or without a port and brackets. `unknown`, and the names that hide one, are none.
fn node(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(address.ip());
    }
    let address = match text.strip_prefix('[') {
        Some(bracketed) => bracketed.strip_suffix(']')?,
        None => text,
    };
    // The zone of an address of this link, as in `fe80::1%eth0`.
    match address.split_once('%') {
        Some((address, _)) => address.parse().ok().filter(IpAddr::is_ipv6),
        None => address.parse().ok(),
    }
}

/// The elements of a list, the last one first. A separator in quotes is none, and neither is a quote with a
/// backslash before it.
struct Elements<'a> {
    rest: Option<&'a str>,
    separator: char,
}

impl<'a> Elements<'a> {
    fn of(list: &'a str, separator: char) -> Self {
        Self {
            rest: Some(list),
            separator,
        }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let list = self.rest?;
        let mut quoted = false;
        let separator = self.separator;
        let mut backwards = list.char_indices().rev();
        let at = backwards.find(|&(at, c)| {
            quoted ^= c == '"' && !is_escaped(list, at);
            c == separator && !quoted
        });
        let (rest, element) = match at.and_then(|(at, _)| list.split_at_checked(at)) {
            Some((rest, element)) => (Some(rest), element.strip_prefix(separator)?),
            None => (None, list),
        };
        self.rest = rest;
        Some(element.trim())
    }
}

/// Whether the character at this place has a backslash before it that is not itself escaped.
fn is_escaped(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let backslashes = before.len() - before.trim_end_matches('\\').len();
    backslashes % 2 == 1
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn hops(header: Header, lines: &[&'static str]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            let name = match header {
                Header::XForwardedFor => X_FORWARDED_FOR,
                Header::Forwarded => FORWARDED,
            };
            headers.append(name, HeaderValue::from_static(line));
        }
        let hops = header.hops(&headers);
        hops.map(|hop| hop.map_or_else(|| "-".to_owned(), |ip| ip.to_string()))
            .collect()
    }

    #[test]
    fn the_last_address_comes_first_over_all_lines() {
        let lines = ["192.0.2.1,192.0.2.2", " 192.0.2.3 , 2001:db8::4 "];
        assert_eq!(
            hops(Header::XForwardedFor, &lines),
            ["2001:db8::4", "192.0.2.3", "192.0.2.2", "192.0.2.1"]
        );
    }

    #[test]
    fn an_address_may_have_a_port_brackets_and_a_zone() {
        for (text, address) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:4711", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%eth0]", "fe80::1"),
        ] {
            assert_eq!(node(text), Some(address.parse().unwrap()), "{text}");
        }
        for text in [
            "",
            "unknown",
            "_hidden",
            "example.com",
            "192.0.2",
            "192.0.2.1%eth0",
            "192.0.2.1:port",
            "192.0.2.1 192.0.2.2",
            "[2001:db8::1",
            "2001:db8::1]",
            "[]",
            "[[::1]]",
            "\"192.0.2.1\"",
        ] {
            assert_eq!(node(text), None, "{text}");
        }
    }

    #[test]
    fn elements_of_forwarded_are_read_with_quotes_and_in_any_case() {
        for (line, addresses) in [
            ("for=192.0.2.1", &["192.0.2.1"][..]),
            (
                r#"for=192.0.2.1, For="[2001:db8::1]:4711" ; proto=https"#,
                &["2001:db8::1", "192.0.2.1"],
            ),
            (
                r#"by="a,b;c";for="192.0.2.1:80";host=example.com"#,
                &["192.0.2.1"],
            ),
            ("for=unknown, for=_hidden", &["-", "-"]),
            ("proto=https", &["-"]),
            ("for=192.0.2.1;for=192.0.2.2", &["-"]),
            (r#"host="x;for=192.0.2.1;y""#, &["-"]),
            (r#"for=192.0.2.1;host="a\"b""#, &["192.0.2.1"]),
            (
                r#"for=192.0.2.1;host="a\", for=6.6.6.6;b=\"c";proto=https"#,
                &["192.0.2.1"],
            ),
            (
                r#"for=192.0.2.1;host="a\\", for=192.0.2.2"#,
                &["192.0.2.2", "192.0.2.1"],
            ),
            (r#"for="192.0.2.1"#, &["-"]),
            (r#"for=192.0.2.1""#, &["-"]),
        ] {
            assert_eq!(hops(Header::Forwarded, &[line]), addresses, "{line}");
        }
    }

    #[test]
    fn quotes_that_a_client_leaves_open_do_not_swallow_what_a_proxy_wrote() {
        for line in [
            r#"for="made up, for=192.0.2.1"#,
            r#"for="\, for=192.0.2.1"#,
            r#"for=x;y=", for=192.0.2.1"#,
        ] {
            let hops = hops(Header::Forwarded, &[line]);
            assert_eq!(hops[0], "192.0.2.1", "{line}");
        }
    }

    #[test]
    fn what_is_no_text_is_no_address() {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_bytes(b"192.0.2.1, \xff, 192.0.2.2").unwrap();
        headers.append(X_FORWARDED_FOR, value);
        let hops: Vec<_> = Header::XForwardedFor.hops(&headers).collect();
        assert_eq!(hops, [None]);
    }
}
