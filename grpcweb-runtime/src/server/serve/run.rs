//! A server from its first connection to its last.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use super::accept;
use super::connection::{FLUSH, Protocol, begin};
use super::connections::Connections;
use super::listener::Listener;
use super::shutdown::{Event, Shutdown};
use super::{Limits, Serve, Served};
use crate::cancel::ShutdownSignal;
use crate::deadline::{Timer, poll_timer};

/// The most connections that are taken at once at the end: as many as wait at a listener of tokio.
const BACKLOG: usize = 1024;

/// How long the runtime has, at the end, to notice that a connection waits at the listener. It does so before it
/// notices that this time has passed; a task that only yields may run again before either.
const PAUSE: Duration = Duration::from_millis(5);

/// How often it has that, so that clients that keep coming do not hold up the end.
const PAUSES: usize = 20;

pub(super) async fn run<L, S>(serve: Serve<L, S>) -> io::Result<()>
where
    L: Listener,
    S: Served,
{
    let Serve {
        mut listener,
        service,
        limits,
        shutdown,
        #[cfg(feature = "serve-tls")]
        tls,
    } = serve;
    let Shutdown {
        mut begin,
        is_graceful,
        hooks,
        delay,
        grace,
        mut hurry,
    } = shutdown;
    let mut server = Server {
        service,
        signals: is_graceful || limits.age.is_some(),
        protocol: Arc::new(Protocol {
            hyper: limits.hyper(),
            #[cfg(feature = "serve-tls")]
            tls,
            limits,
        }),
        connections: Connections::default(),
        accepted: 0,
    };
    server.accept_until(&mut listener, &mut begin).await;
    // What comes while hooks run counts too.
    poll_fn(|cx| {
        let _ = poll_hurry(&mut hurry, cx);
        Poll::Ready(())
    })
    .await;
    for hook in hooks {
        // One that panics, which the panic hook tells, takes neither calls nor the other hooks with it.
        let _ = catch_unwind(AssertUnwindSafe(hook));
    }
    if !delay.is_zero() {
        let delay = sleep_or(delay, &mut hurry);
        server.accept_until(&mut listener, delay).await;
    }
    server.accept_waiting(&mut listener).await;
    let room = server.room();
    for (io, remote_addr) in listener.close().into_iter().take(room) {
        server.take(io, remote_addr);
    }
    let mut connections = server.connections;
    connections.announce_shutdown();
    if !drained(&mut connections, sleep_or(grace, &mut hurry)).await {
        connections.end_calls();
        drained(&mut connections, tokio::time::sleep(FLUSH)).await;
    }
    connections.close().await;
    Ok(())
}

struct Server<S> {
    service: S,
    protocol: Arc<Protocol>,
    /// Whether connections may be told to end.
    signals: bool,
    connections: Connections,
    /// How many there were.
    accepted: usize,
}

impl<S: Served> Server<S> {
    /// Takes the connections that wait to be taken: they would be reset with the listener, and a call with
    /// them.
    async fn accept_waiting(&mut self, listener: &mut impl Listener) {
        for _ in 0..PAUSES {
            tokio::time::sleep(PAUSE).await;
            let before = self.accepted;
            self.accept_noticed(listener).await;
            if before == self.accepted {
                break;
            }
        }
    }

    /// Takes those that the runtime has noticed.
    async fn accept_noticed(&mut self, listener: &mut impl Listener) {
        for _ in 0..BACKLOG {
            let before = self.accepted;
            let once = tokio::task::yield_now();
            self.accept_until(listener, once).await;
            if before == self.accepted {
                break;
            }
        }
    }

    async fn accept_until(
        &mut self,
        listener: &mut impl Listener,
        until: impl Future<Output = ()>,
    ) {
        let mut until = pin!(until);
        let max = self.max_connections();
        while let Some((io, remote_addr)) =
            accept::next(listener, &mut self.connections, max, until.as_mut()).await
        {
            self.take(io, remote_addr);
        }
    }

    fn max_connections(&self) -> usize {
        let Limits { connections, .. } = self.protocol.limits;
        connections.map_or(usize::MAX, usize::from)
    }

    /// How many more connections there may be.
    fn room(&mut self) -> usize {
        let mut cx = Context::from_waker(Waker::noop());
        let _ = self.connections.poll_none(&mut cx);
        self.max_connections()
            .saturating_sub(self.connections.len())
    }

    fn take(
        &mut self,
        io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        remote_addr: Option<SocketAddr>,
    ) {
        let signal = self.signals.then(ShutdownSignal::default);
        self.accepted += 1;
        let protocol = Arc::clone(&self.protocol);
        let service = self.service.clone();
        let connection = begin(protocol, io, remote_addr, signal.clone(), service);
        self.connections.spawn(connection, signal);
    }
}

/// Done after a time, or with what cuts it short.
fn sleep_or(time: Duration, hurry: &mut Event) -> impl Future<Output = ()> {
    let mut timer = Timer::after(time);
    poll_fn(move |cx| {
        if poll_hurry(hurry, cx).is_ready() {
            return Poll::Ready(());
        }
        poll_timer(&mut timer, cx)
    })
}

/// Polls what cuts times short, which is so for all times to come once it is done.
fn poll_hurry(hurry: &mut Event, cx: &mut Context<'_>) -> Poll<()> {
    let polled = hurry.as_mut().poll(cx);
    if polled.is_ready() {
        *hurry = Box::pin(std::future::ready(()));
    }
    polled
}

/// Whether all connections end before `until` is done.
async fn drained(connections: &mut Connections, until: impl Future<Output = ()>) -> bool {
    let mut until = pin!(until);
    poll_fn(|cx| {
        if connections.poll_none(cx).is_ready() {
            return Poll::Ready(true);
        }
        until.as_mut().poll(cx).map(|()| false)
    })
    .await
}
