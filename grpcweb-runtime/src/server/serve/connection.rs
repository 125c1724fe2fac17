//! One connection, from its first byte to its end.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::{Read, Write};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Served;
use super::activity::Activity;
use super::dispatch::Dispatch;
use super::head_timeout::HeadTimeout;
use super::limits::Limits;
use super::preface::PrefaceWatch;
#[cfg(feature = "serve-tls")]
use super::tls::{MaybeTls, handshake};
use super::tracked_io::TrackedIo;
use super::watched::Watched;
use crate::ConnectionInfo;
use crate::cancel::{ForcedEnd, ShutdownSignal};
use crate::deadline::{Timer, now, poll_timer};
use crate::signal::Ticket;

/// How long what ends a call has to reach the client, where the server ended it.
pub(super) const FLUSH: Duration = Duration::from_secs(1);

/// How long a connection of HTTP/1.1 that is to close waits for a call that may be on its way already. Closed at
/// once, it would take that call with it, and a proxy must not send it again.
const LINGER: Duration = Duration::from_secs(1);

/// How long a connection that is to close, and has nothing to do, is kept without a byte from its client. Over
/// HTTP/2 the client is asked whether it has heard, which one that has vanished does not answer.
const QUIET: Duration = Duration::from_secs(5);

/// What all connections of a server share.
pub(super) struct Protocol {
    pub(super) limits: Limits,
    #[cfg(feature = "serve-tls")]
    pub(super) tls: Option<super::tls::ServerTls>,
    pub(super) hyper: auto::Builder<TokioExecutor>,
}

/// Serves a connection, with TLS if the server has it, until it ends.
pub(super) async fn begin<I, S>(
    protocol: Arc<Protocol>,
    io: I,
    remote_addr: Option<SocketAddr>,
    signal: Option<ShutdownSignal>,
    service: S,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Served,
{
    let activity = Arc::new(Activity::new(protocol.limits.idle.is_some()));
    let io = TrackedIo {
        inner: io,
        activity: Arc::clone(&activity),
    };
    #[cfg(feature = "serve-tls")]
    let (io, info) = match &protocol.tls {
        Some(tls) => {
            let timeout = protocol.limits.handshake;
            let connection = handshake(tls, io, timeout, remote_addr, signal).await;
            // Whoever does not get through sees by itself why.
            let Some(connection) = connection else { return };
            connection
        }
        None => (
            MaybeTls::Plain(io),
            ConnectionInfo::of_server(remote_addr, signal),
        ),
    };
    #[cfg(not(feature = "serve-tls"))]
    let info = ConnectionInfo::of_server(remote_addr, signal);
    let io = TokioIo::new(PrefaceWatch::new(io, Arc::clone(&activity)));
    converse(&protocol, io, service, info, activity).await;
}

async fn converse<I, S>(
    protocol: &Protocol,
    io: I,
    service: S,
    info: ConnectionInfo,
    activity: Arc<Activity>,
) where
    I: Read + Write + Unpin + Send + 'static,
    S: Served,
{
    let limits = &protocol.limits;
    let mut watch = Watch {
        limits,
        signal: info.shutdown().cloned(),
        announced: Ticket::default(),
        first_request: limits.first_request.and_then(Timer::after),
        head: HeadTimeout::new(limits.header_read),
        idle: limits.idle.and_then(Timer::after),
        age: limits.age.and_then(Timer::after),
        age_grace: None,
        flush: None,
        quiet: None,
        activity: Arc::clone(&activity),
    };
    let service = Watched {
        inner: Dispatch::new(service, info),
        activity,
    };
    let mut connection = pin!(protocol.hyper.serve_connection_with_upgrades(io, service));
    let mut closing = false;
    let mut linger = None;
    poll_fn(|cx| {
        // First of all, so that a request that is there already is not turned away by a shutdown. Ends with
        // an error where the client goes away: nothing is to be done about it here.
        let mut polled = connection.as_mut().poll(cx).map(drop);
        if polled.is_pending() && linger.is_none() && watch.poll_close(cx).is_ready() {
            watch.activity.close();
            linger = Some(Timer::after(LINGER));
        }
        let lingers = |timer: &mut Option<Timer>, cx: &mut Context<'_>| {
            !watch.activity.is_http2() && poll_timer(timer, cx).is_pending()
        };
        let told = linger.as_mut().is_some_and(|timer| !lingers(timer, cx));
        if polled.is_pending() && told && !closing {
            closing = true;
            connection.as_mut().graceful_shutdown();
            polled = connection.as_mut().poll(cx).map(drop);
            // What was just told is no life of the client.
            watch.begin_quiet();
        }
        if polled.is_pending() {
            polled = watch.poll_abandon(cx);
        }
        polled
    })
    .await;
}

/// What may end a connection that would go on.
struct Watch<'a> {
    limits: &'a Limits,
    signal: Option<ShutdownSignal>,
    announced: Ticket,
    first_request: Option<Timer>,
    head: HeadTimeout,
    idle: Option<Timer>,
    age: Option<Timer>,
    age_grace: Option<Timer>,
    flush: Option<Timer>,
    /// When to look whether the client has shown any life since; and what showed it until then.
    quiet: Option<(Option<Timer>, usize)>,
    activity: Arc<Activity>,
}

impl Watch<'_> {
    /// Ready when the connection is to take no more calls.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(signal) = &self.signal {
            if signal.poll_announced(&mut self.announced, cx).is_ready() {
                self.age = None;
                return Poll::Ready(());
            }
        }
        if poll_timer(&mut self.age, cx).is_ready() {
            self.age = None;
            self.age_grace = Timer::after(self.limits.age_grace);
            return Poll::Ready(());
        }
        self.poll_idle(cx)
    }

    /// Ready once the connection has been idle for its time.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(limit) = self.limits.idle else {
            return Poll::Pending;
        };
        while poll_timer(&mut self.idle, cx).is_ready() {
            let since = self.activity.idle_since();
            let end = since.unwrap_or_else(now).checked_add(limit);
            if since.is_some() && end.is_some_and(|end| end <= now()) {
                self.idle = None;
                return Poll::Ready(());
            }
            self.idle = end.map(Timer::at);
        }
        Poll::Pending
    }

    /// From now on, the client has to show some life.
    fn begin_quiet(&mut self) {
        self.quiet = Some((Timer::after(QUIET), self.activity.moved()));
    }

    /// Ready when there was nothing to do, and no life, for a while.
    fn poll_quiet(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some((timer, moved)) = &mut self.quiet {
            ready!(poll_timer(timer, cx));
            if *moved == self.activity.moved() && self.activity.has_nothing_to_do() {
                return Poll::Ready(());
            }
            self.begin_quiet();
        }
        Poll::Pending
    }

    /// Ready when the connection is to be dropped as it is.
    fn poll_abandon(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let late = self.head.poll_late(&self.activity, cx);
        if late.is_ready() || self.poll_quiet(cx).is_ready() {
            return Poll::Ready(());
        }
        if self.first_request.is_some() {
            if self.activity.calls() > 0 {
                self.first_request = None;
            } else if poll_timer(&mut self.first_request, cx).is_ready() {
                return Poll::Ready(());
            }
        }
        if poll_timer(&mut self.age_grace, cx).is_ready() {
            self.age_grace = None;
            if let Some(signal) = &self.signal {
                signal.end(ForcedEnd::MaxAge);
            }
            self.flush = Timer::after(FLUSH);
        }
        poll_timer(&mut self.flush, cx)
    }
}
