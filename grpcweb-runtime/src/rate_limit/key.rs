use std::net::{IpAddr, Ipv6Addr};

use crate::Request;

/// What calls are counted by: parts, each with its length before it, so that `("a", "bc")` is not
/// `("ab", "c")`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Key(Vec<u8>);

impl Key {
    /// Adds a part.
    pub fn push<P: KeyPart + ?Sized>(&mut self, part: &P) {
        part.push_to(self);
    }

    /// Adds bytes as a part.
    pub fn push_bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(&bytes.len().to_be_bytes());
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What can be a part of a key: texts, bytes, integers, `bool`, addresses, an option or a tuple of such.
///
/// ```
/// use grpcweb_runtime::rate_limit::{Key, KeyPart};
///
/// struct User {
///     tenant: String,
///     id: u64,
/// }
///
/// impl KeyPart for User {
///     fn push_to(&self, key: &mut Key) {
///         key.push(&self.tenant);
///         key.push(&self.id);
///     }
/// }
/// ```
pub trait KeyPart {
    /// Adds it to a key.
    fn push_to(&self, key: &mut Key);
}

impl<P: KeyPart + ?Sized> KeyPart for &P {
    fn push_to(&self, key: &mut Key) {
        (**self).push_to(key);
    }
}

impl KeyPart for str {
    fn push_to(&self, key: &mut Key) {
        key.push_bytes(self.as_bytes());
    }
}

impl KeyPart for String {
    fn push_to(&self, key: &mut Key) {
        self.as_str().push_to(key);
    }
}

impl KeyPart for [u8] {
    fn push_to(&self, key: &mut Key) {
        key.push_bytes(self);
    }
}

impl KeyPart for Vec<u8> {
    fn push_to(&self, key: &mut Key) {
        key.push_bytes(self);
    }
}

impl KeyPart for bytes::Bytes {
    fn push_to(&self, key: &mut Key) {
        key.push_bytes(self);
    }
}

impl KeyPart for bool {
    fn push_to(&self, key: &mut Key) {
        key.push_bytes(&[u8::from(*self)]);
    }
}

impl KeyPart for IpAddr {
    fn push_to(&self, key: &mut Key) {
        match self {
            Self::V4(address) => key.push_bytes(&address.octets()),
            Self::V6(address) => key.push_bytes(&address.octets()),
        }
    }
}

impl<P: KeyPart> KeyPart for Option<P> {
    fn push_to(&self, key: &mut Key) {
        key.push(&self.is_some());
        if let Some(part) = self {
            key.push(part);
        }
    }
}

macro_rules! integers {
    ($($integer:ty)*) => {
        $(impl KeyPart for $integer {
            fn push_to(&self, key: &mut Key) {
                key.push_bytes(&self.to_be_bytes());
            }
        })*
    };
}

integers! { u8 i8 u16 i16 u32 i32 u64 i64 u128 i128 usize isize }

macro_rules! tuples {
    ($(($($part:ident)*))*) => {
        $(impl<$($part: KeyPart),*> KeyPart for ($($part,)*) {
            #[expect(non_snake_case, reason = "the types and what is of them have one name")]
            fn push_to(&self, key: &mut Key) {
                let ($($part,)*) = self;
                $(key.push($part);)*
            }
        })*
    };
}

tuples! { (A B) (A B C) (A B C D) }

/// Who a request is from, as limits count it: the address of the client
/// ([`Request::client_ip`](crate::Request::client_ip)), or of IPv6 the network that one customer has, a
/// /64 with the rest zero. `None` where the server does not know it.
#[must_use]
pub fn client_network<T>(request: &Request<T>) -> Option<IpAddr> {
    let address = request.client_ip()?.to_canonical();
    Some(match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ConnectionInfo;

    fn key(part: &(impl KeyPart + ?Sized)) -> Key {
        let mut key = Key::default();
        key.push(part);
        key
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(key(&("a", "bc")), key(&("ab", "c")));
        assert_ne!(key(&("1.2", "3")), key(&("1", "2.3")));
        assert_ne!(key(&("a", "")), key(&("", "a")));
        assert_ne!(key(&Some("")), key(&None::<&str>));
        assert_eq!(key(&("a", "bc")), key(&(String::from("a"), "bc")));
    }

    fn from(address: &str) -> Option<String> {
        let mut request = Request::new(());
        let info = ConnectionInfo::new(address.parse().ok());
        request.extensions_mut().insert(info);
        client_network(&request).map(|address| address.to_string())
    }

    #[test]
    fn a_client_is_an_address_or_a_network() {
        assert_eq!(from("192.0.2.1:1").as_deref(), Some("192.0.2.1"));
        assert_eq!(from("[::ffff:192.0.2.1]:1").as_deref(), Some("192.0.2.1"));
        assert_eq!(
            from("[2001:db8:1:2:3:4:5:6]:1").as_deref(),
            Some("2001:db8:1:2::")
        );
        assert_eq!(from("a socket"), None);
    }
}
