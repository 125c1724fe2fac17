//! Connections as ureq makes them, and what is different about ours.

use std::cell::Cell;
use std::fmt;
use std::io;

use http::Uri;
use ureq::Error;
use ureq::Timeout;
use ureq::config::Config;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::time::Instant;
use ureq::unversioned::transport::{
    self, Buffers, ConnectionDetails, Connector, NextTimeout, Transport,
};

use super::ChannelPhase;

thread_local! {
    static IS_LOOKING: Cell<bool> = const { Cell::new(false) };
    static PEER_STOPPED_READING: Cell<bool> = const { Cell::new(false) };
}

/// Runs something that reads, with `WouldBlock` where it would have to wait.
pub(super) fn without_waiting<T>(read: impl FnOnce() -> T) -> T {
    let outer = IS_LOOKING.replace(true);
    let result = read();
    IS_LOOKING.set(outer);
    result
}

/// Runs something that sends a request. There may be another one below it: a stream of requests may make
/// calls.
pub(super) fn sending<T>(send: impl FnOnce() -> T) -> T {
    let outer = PEER_STOPPED_READING.replace(false);
    let result = send();
    PEER_STOPPED_READING.set(outer);
    result
}

/// Whether the server of the request that is being sent takes no more of it.
pub(super) fn has_peer_stopped_reading() -> bool {
    PEER_STOPPED_READING.get()
}

/// Finds the address of a host only once a connection to it is made, where ureq would for every request.
#[derive(Debug)]
pub(super) struct Later;

impl Resolver for Later {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut some = self.empty();
        some.push(([0, 0, 0, 0], 0).into());
        Ok(some)
    }
}

/// How connections are made: as ureq does, with [`Connection`] between the socket and TLS.
pub(super) fn connector() -> impl Connector {
    let inner =
        ().chain(transport::ConnectProxyConnector::default())
            .chain(transport::TcpConnector::default())
            .chain(Sockets);
    #[cfg(feature = "blocking-tls")]
    let inner = inner.chain(transport::RustlsConnector::default());
    Named {
        inner,
        resolver: DefaultResolver::default(),
    }
}

/// A connector whose failures say what failed.
#[derive(Debug)]
struct Named<C> {
    inner: C,
    resolver: DefaultResolver,
}

impl<C: Connector> Connector for Named<C> {
    type Out = C::Out;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<C::Out>, Error> {
        let deadline = match *details.timeout.after {
            _ if details.timeout.after.is_not_happening() => None,
            after => std::time::Instant::now().checked_add(after),
        };
        let failed = |phase, error| failure(phase, error, details.timeout.reason);
        // None, where a proxy finds it.
        let addrs = if details.addrs.is_empty() {
            self.resolver.empty()
        } else {
            self.resolver
                .resolve(details.uri, details.config, details.timeout)
                .map_err(|error| failed(ChannelPhase::Resolve, error))?
        };
        let timeout = match deadline {
            Some(deadline) => NextTimeout {
                after: deadline
                    .saturating_duration_since(std::time::Instant::now())
                    .into(),
                ..details.timeout
            },
            None => details.timeout,
        };
        let details = ConnectionDetails {
            uri: details.uri,
            addrs,
            config: details.config,
            // TLS is set for the agent, so that what is made of the settings is kept.
            request_level: false,
            resolver: &self.resolver,
            now: Instant::now(),
            timeout,
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
        };
        self.inner
            .connect(&details, None)
            .map_err(|error| failed(phase_of(&error), error))
    }
}

#[derive(Debug)]
struct Sockets;

impl<In: Transport> Connector<In> for Sockets {
    type Out = Connection<In>;

    fn connect(
        &self,
        _: &ConnectionDetails<'_>,
        socket: Option<In>,
    ) -> Result<Option<Connection<In>>, Error> {
        Ok(socket.map(|inner| Connection {
            inner,
            peer_stopped_reading: false,
        }))
    }
}

/// A connection that can be looked at without waiting, and whose response is read though the server has
/// not taken the whole request: it may say why.
#[derive(Debug)]
struct Connection<In> {
    inner: In,
    peer_stopped_reading: bool,
}

impl<In: Transport> Transport for Connection<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if self.peer_stopped_reading {
            return Ok(());
        }
        match self.inner.transmit_output(amount, timeout) {
            Err(Error::Io(error)) if is_closed(&error) => {
                self.peer_stopped_reading = true;
                PEER_STOPPED_READING.set(true);
                Ok(())
            }
            result => result,
        }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        if IS_LOOKING.get() {
            return Err(io::Error::from(io::ErrorKind::WouldBlock).into());
        }
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        !self.peer_stopped_reading && self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

fn is_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
    )
}

/// Why there is no connection. Behind one to a proxy is another one, which failed first.
#[derive(Debug)]
pub(super) struct NoConnection {
    pub(super) phase: ChannelPhase,
    pub(super) error: Error,
}

impl fmt::Display for NoConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for NoConnection {}

fn failure(phase: ChannelPhase, error: Error, reason: Timeout) -> Error {
    let error = match error {
        // ureq gives each address of a host a part of the time.
        Error::Timeout(_) => Error::Timeout(reason),
        Error::Other(error) if error.is::<NoConnection>() => return Error::Other(error),
        error => error,
    };
    Error::Other(Box::new(NoConnection { phase, error }))
}

fn phase_of(error: &Error) -> ChannelPhase {
    match error {
        Error::ConnectProxyFailed(_) | Error::InvalidProxyUrl => ChannelPhase::Proxy,
        Error::Tls(_) | Error::TlsRequired => ChannelPhase::Tls,
        #[cfg(feature = "blocking-tls")]
        Error::Rustls(_) => ChannelPhase::Tls,
        #[cfg(feature = "blocking-tls")]
        Error::Io(error) if is_of_tls(error) => ChannelPhase::Tls,
        _ => ChannelPhase::Connect,
    }
}

#[cfg(feature = "blocking-tls")]
fn is_of_tls(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|error| error.is::<rustls::Error>())
}
