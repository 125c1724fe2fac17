//! Who is calling, and over what, where proxies stand between.

mod forwarded;
mod network;
mod scheme;

use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Extensions, HeaderMap, Request};
use tower_service::Service;

use crate::connection;
use forwarded::Header;
use network::Network;

pub use network::InvalidNetwork;
pub use scheme::ClientScheme;

/// How many proxies one behind the other are believed.
const MAX_PROXIES: usize = 32;

/// The address of the client, in the extensions of a request: what [`TrustedProxies`] found.
///
/// Handlers of calls ask [`Request::client_ip`](crate::Request::client_ip).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientIp(pub IpAddr);

/// The address of the client of a request with these extensions.
pub(crate) fn client_ip(extensions: &Extensions) -> Option<IpAddr> {
    match extensions.get() {
        Some(ClientIp(client)) => Some(*client),
        None => Some(connection::remote_addr(extensions)?.ip().to_canonical()),
    }
}

/// What the client of a request with these extensions speaks.
pub(crate) fn client_scheme(extensions: &Extensions) -> ClientScheme {
    match extensions.get() {
        Some(scheme) => *scheme,
        None => ClientScheme::of_connection(extensions),
    }
}

/// The proxies that are believed when they say which client a request comes from, and over what.
///
/// It is put [in front of](Self::in_front_of) whatever is served, pages and calls alike; with the feature
/// `layer` it is a `tower_layer::Layer` too. What it finds is
/// [`Request::client_ip`](crate::Request::client_ip) and
/// [`Request::client_scheme`](crate::Request::client_scheme) in the handler of a call, and [`ClientIp`] and
/// [`ClientScheme`] in the extensions of any request.
///
/// The proxies write to `X-Forwarded-For`, unless it is [`forwarded`](Self::forwarded). It is read only where
/// the peer itself is a proxy that is trusted, and from its end: the client is the last address that is none
/// of a trusted proxy. Anybody can send such headers; what stands before that address is ignored.
///
/// The scheme is what `X-Forwarded-Proto` says of the same client, be it one value or one for each proxy:
/// each has to replace what came in, or to add to it. It is `proto=` beside the address in `Forwarded`. Where
/// there is neither `http` nor `https`, it is that of the connection.
///
/// ```
/// # let router = grpcweb_runtime::Router::new();
/// use grpcweb_runtime::server::TrustedProxies;
///
/// let proxies = TrustedProxies::new(["10.0.0.0/8", "::1"])?;
/// let service = proxies.in_front_of(router);
/// # let _ = service;
/// # Ok::<(), grpcweb_runtime::server::InvalidNetwork>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct TrustedProxies {
    networks: Arc<[Network]>,
    header: Header,
    unix_sockets: bool,
}

impl TrustedProxies {
    /// Trusts the proxies of these networks and addresses, of IPv4 and IPv6.
    ///
    /// # Errors
    ///
    /// Where one of them is neither, and says how to write it.
    pub fn new<'a>(networks: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidNetwork> {
        let networks: Result<_, _> = networks.into_iter().map(Network::parse).collect();
        Ok(Self {
            networks: networks?,
            header: Header::XForwardedFor,
            unix_sockets: false,
        })
    }

    /// Reads `Forwarded` (RFC 7239) instead of `X-Forwarded-For` and `X-Forwarded-Proto`. Never both: a proxy
    /// passes on the header that it does not write just as a client made it up.
    pub fn forwarded(mut self) -> Self {
        self.header = Header::Forwarded;
        self
    }

    /// Trusts whoever comes over a Unix socket too: a proxy on this machine.
    pub fn trust_unix_sockets(mut self) -> Self {
        self.unix_sockets = true;
        self
    }

    /// Finds out the client of each request to a service.
    pub fn in_front_of<S>(self, inner: S) -> WithClientIp<S> {
        WithClientIp {
            proxies: self,
            inner,
        }
    }

    /// The client, its address only if the server says where the request came from.
    fn client(&self, extensions: &Extensions, headers: &HeaderMap) -> Client {
        let peer = connection::peer(extensions);
        let trusted = match peer {
            Some(Some(peer)) => self.trusts(peer.ip().to_canonical()),
            Some(None) => self.unix_sockets,
            None => false,
        };
        let mut client = Client {
            ip: peer.flatten().map(|address| address.ip().to_canonical()),
            scheme: ClientScheme::of_connection(extensions),
        };
        if !trusted {
            return client;
        }
        let mut hops = 0;
        for hop in self.header.hops(headers).take(MAX_PROXIES) {
            hops += 1;
            // What is no address hides the client: the proxy that wrote it is the last one that is known.
            let Some(hop) = hop else { break };
            let hop = hop.to_canonical();
            client.ip = Some(hop);
            if !self.trusts(hop) {
                break;
            }
        }
        if let Some(scheme) = self.header.scheme(headers, hops) {
            client.scheme = scheme;
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| network.contains(address))
    }
}

/// What is found out about a client.
struct Client {
    ip: Option<IpAddr>,
    scheme: ClientScheme,
}

#[cfg(feature = "layer")]
impl<S> tower_layer::Layer<S> for TrustedProxies {
    type Service = WithClientIp<S>;

    fn layer(&self, inner: S) -> WithClientIp<S> {
        self.clone().in_front_of(inner)
    }
}

/// A service whose requests say who the client is: see [`TrustedProxies`].
#[derive(Debug, Clone)]
pub struct WithClientIp<S> {
    proxies: TrustedProxies,
    inner: S,
}

impl<S, B> Service<Request<B>> for WithClientIp<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        let client = self.proxies.client(request.extensions(), request.headers());
        let extensions = request.extensions_mut();
        match client.ip {
            Some(ip) => extensions.insert(ClientIp(ip)),
            None => extensions.remove::<ClientIp>(),
        };
        extensions.insert(client.scheme);
        self.inner.call(request)
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::ConnectionInfo;

    fn proxies() -> TrustedProxies {
        TrustedProxies::new(["10.0.0.0/8", "::1"]).unwrap()
    }

    fn client(proxies: &TrustedProxies, peer: Option<&str>, header: &str) -> Option<String> {
        let peer = peer.map(|ip| SocketAddr::new(ip.parse().unwrap(), 4711));
        let mut extensions = Extensions::new();
        extensions.insert(ConnectionInfo::new(peer));
        let mut headers = HeaderMap::new();
        let name = match proxies.header {
            Header::XForwardedFor => "x-forwarded-for",
            Header::Forwarded => "forwarded",
        };
        headers.insert(name, header.parse().unwrap());
        let client = proxies.client(&extensions, &headers);
        client.ip.map(|ip| ip.to_string())
    }

    #[test]
    fn the_client_is_the_last_address_that_is_none_of_a_trusted_proxy() {
        for (peer, header, expected) in [
            ("10.0.0.1", "192.0.2.1", "192.0.2.1"),
            ("::1", "192.0.2.1", "192.0.2.1"),
            ("10.0.0.1", "192.0.2.1, 10.0.0.2", "192.0.2.1"),
            ("10.0.0.1", "made up, 6.6.6.6, 192.0.2.1", "192.0.2.1"),
            ("10.0.0.1", "10.6.6.6, 192.0.2.1, 10.0.0.2", "192.0.2.1"),
            ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
            ("10.0.0.1", "fe80::1%eth0", "fe80::1"),
            ("10.0.0.1", "::ffff:10.0.0.2", "10.0.0.2"),
            ("::ffff:10.0.0.1", "192.0.2.1", "192.0.2.1"),
        ] {
            let found = client(&proxies(), Some(peer), header);
            assert_eq!(found.as_deref(), Some(expected), "{peer}: {header}");
        }
    }

    #[test]
    fn a_peer_that_is_not_trusted_says_nothing() {
        for peer in ["192.0.2.9", "2001:db8::9"] {
            let found = client(&proxies(), Some(peer), "6.6.6.6");
            assert_eq!(found.as_deref(), Some(peer));
        }
        let found = client(&proxies(), Some("::ffff:192.0.2.9"), "6.6.6.6");
        assert_eq!(found.as_deref(), Some("192.0.2.9"));
    }

    #[test]
    fn what_is_no_address_leaves_the_proxy_that_wrote_it() {
        for (header, expected) in [
            ("", "10.0.0.1"),
            ("unknown", "10.0.0.1"),
            ("192.0.2.1, unknown", "10.0.0.1"),
            ("192.0.2.1, unknown, 10.0.0.2", "10.0.0.2"),
            ("192.0.2.1,, 10.0.0.2", "10.0.0.2"),
        ] {
            let found = client(&proxies(), Some("10.0.0.1"), header);
            assert_eq!(found.as_deref(), Some(expected), "{header}");
        }
    }

    #[test]
    fn a_unix_socket_is_trusted_where_that_is_said() {
        assert_eq!(client(&proxies(), None, "192.0.2.1"), None);
        let proxies = proxies().trust_unix_sockets();
        let found = client(&proxies, None, "192.0.2.1");
        assert_eq!(found.as_deref(), Some("192.0.2.1"));
        assert_eq!(client(&proxies, None, "unknown"), None);

        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "192.0.2.1".parse().unwrap());
        let unknown = Extensions::new();
        assert_eq!(proxies.client(&unknown, &headers).ip, None);
    }

    #[test]
    fn one_header_is_read_and_not_the_other() {
        let mut extensions = Extensions::new();
        let peer = SocketAddr::new("10.0.0.1".parse().unwrap(), 4711);
        extensions.insert(ConnectionInfo::new(Some(peer)));
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "192.0.2.1".parse().unwrap());
        headers.insert("forwarded", "for=192.0.2.2".parse().unwrap());
        for (proxies, expected) in [
            (proxies(), "192.0.2.1"),
            (proxies().forwarded(), "192.0.2.2"),
        ] {
            let found = proxies.client(&extensions, &headers);
            assert_eq!(found.ip, Some(expected.parse().unwrap()));
        }
    }

    fn scheme(
        proxies: &TrustedProxies,
        peer: &str,
        lines: &[(&'static str, &str)],
    ) -> &'static str {
        let peer = SocketAddr::new(peer.parse().unwrap(), 4711);
        let mut extensions = Extensions::new();
        extensions.insert(ConnectionInfo::new(Some(peer)));
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        proxies.client(&extensions, &headers).scheme.as_str()
    }

    #[test]
    fn the_scheme_is_what_the_proxies_say_of_the_same_client() {
        let proxies = proxies();
        for (addresses, schemes, expected) in [
            ("192.0.2.1", "https", "https"),
            ("192.0.2.1", "HTTPS", "https"),
            ("192.0.2.1", "http", "http"),
            // The proxy appends to both, or replaces the scheme.
            ("6.6.6.6, 192.0.2.1", "https, http", "http"),
            ("6.6.6.6, 192.0.2.1", "http, https", "https"),
            ("6.6.6.6, 192.0.2.1", "https", "https"),
            // Of two proxies both append, or the nearer one leaves what it got.
            ("192.0.2.1, 10.0.0.2", "https, http", "https"),
            ("192.0.2.1, 10.0.0.2", "http, https, http", "https"),
            ("192.0.2.1, 10.0.0.2", "https", "https"),
            // Neither address nor scheme.
            ("unknown", "https", "https"),
            ("", "https", "https"),
            ("192.0.2.1", "", "http"),
            ("192.0.2.1", "ftp", "http"),
            ("192.0.2.1", "https, ftp", "http"),
        ] {
            let lines = [
                ("x-forwarded-for", addresses),
                ("x-forwarded-proto", schemes),
            ];
            let found = scheme(&proxies, "10.0.0.1", &lines);
            assert_eq!(found, expected, "{addresses}: {schemes}");
        }
        let alone = [("x-forwarded-proto", "https")];
        assert_eq!(scheme(&proxies, "10.0.0.1", &alone), "https");
        let twice = [
            ("x-forwarded-proto", "https"),
            ("x-forwarded-proto", "http"),
        ];
        assert_eq!(scheme(&proxies, "10.0.0.1", &twice), "http");
    }

    #[test]
    fn the_scheme_of_forwarded_stands_beside_the_address() {
        let proxies = proxies().forwarded();
        for (line, expected) in [
            ("for=192.0.2.1;proto=https", "https"),
            (r#"proto="https";for=192.0.2.1"#, "https"),
            ("for=192.0.2.1", "http"),
            ("for=6.6.6.6;proto=https, for=192.0.2.1", "http"),
            ("for=6.6.6.6;proto=https, for=192.0.2.1;proto=http", "http"),
            (
                "for=192.0.2.1;proto=https, for=10.0.0.2;proto=http",
                "https",
            ),
            ("for=192.0.2.1;proto=https;proto=http", "http"),
            ("for=_hidden;proto=https", "https"),
            (r#"for=192.0.2.1;host="x;proto=https""#, "http"),
            ("", "http"),
        ] {
            let lines = [("forwarded", line), ("x-forwarded-proto", "https")];
            let found = scheme(&proxies, "10.0.0.1", &lines);
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn a_peer_that_is_not_trusted_says_no_scheme() {
        let lines = [
            ("x-forwarded-for", "10.0.0.1"),
            ("x-forwarded-proto", "https"),
            ("forwarded", "for=10.0.0.1;proto=https"),
        ];
        for proxies in [proxies(), proxies().forwarded()] {
            assert_eq!(scheme(&proxies, "192.0.2.9", &lines), "http");
        }
    }

    #[test]
    fn a_list_is_read_no_further_than_so_many_proxies() {
        let long = format!("192.0.2.1{}", ", 10.0.0.2".repeat(MAX_PROXIES - 1));
        let found = client(&proxies(), Some("10.0.0.1"), &long);
        assert_eq!(found.as_deref(), Some("192.0.2.1"));
        let longer = format!("192.0.2.1{}", ", 10.0.0.2".repeat(100_000));
        let found = client(&proxies(), Some("10.0.0.1"), &longer);
        assert_eq!(found.as_deref(), Some("10.0.0.2"));
    }
}
