use std::collections::VecDeque;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;
use std::time::{Duration, Instant};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::TokioExecutor;
use tokio::runtime::Handle;
use tokio::sync::{Mutex as AsyncMutex, oneshot};
use tokio::task::AbortHandle;

use super::ChannelError;
use super::connector::Connector;
use super::outgoing::Outgoing;
use crate::deadline::now;

/// How long it takes at least from one look at connections that nobody uses to the next.
const MIN_SWEEP: Duration = Duration::from_millis(90);

/// The connections to one server.
///
/// One of HTTP/1.1 has one call at a time; a call takes the one that was used last. A call that finds none
/// makes another, and takes what becomes free before that is there. One of HTTP/2 has all calls.
#[derive(Clone)]
pub(super) struct Pool(Arc<Inner>);

struct Inner {
    idle_timeout: Duration,
    state: Mutex<State>,
    /// Where all speak HTTP/2, one of them connects, and the others wait for it. It has the failure of the
    /// last that did, and when it failed.
    turn: AsyncMutex<Option<(Instant, ChannelError)>>,
}

#[derive(Default)]
struct State {
    /// The one that was used last is at the end.
    idle: Vec<(http1::SendRequest<Outgoing>, Instant)>,
    /// With when a call began last.
    http2: Option<(http2::SendRequest<Outgoing>, Instant)>,
    /// Calls that connect, and would take another connection.
    waiting: VecDeque<oneshot::Sender<Sender>>,
    /// The task that lets go of connections that nobody uses.
    sweeper: Option<AbortHandle>,
}

/// The way into a connection.
enum Sender {
    Http1(http1::SendRequest<Outgoing>),
    Http2(http2::SendRequest<Outgoing>),
}

/// A call that connects, and would take another connection. One that it is given and has no use for any more
/// is kept for the next.
struct Waiting<'a> {
    pool: &'a Pool,
    freed: oneshot::Receiver<Sender>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.freed.close();
        if let Ok(Sender::Http1(sender)) = self.freed.try_recv() {
            self.pool.keep(sender);
        }
    }
}

/// A connection that a call has.
pub(super) struct Lease {
    sender: Sender,
    /// Whether it was there before, so that the server may have closed it in the meantime.
    pub(super) is_reused: bool,
}

impl Pool {
    pub(super) fn new(idle_timeout: Duration) -> Self {
        Self(Arc::new(Inner {
            idle_timeout,
            state: Mutex::default(),
            turn: AsyncMutex::default(),
        }))
    }

    /// A connection for a call: one that is there, or a new one.
    pub(super) async fn lease(&self, connector: &Connector) -> Result<Lease, ChannelError> {
        if let Some(lease) = self.take_idle() {
            return Ok(lease);
        }
        // Boxed, as most calls need none of it.
        if connector.route().http2_only {
            Box::pin(self.take_turn(connector)).await
        } else {
            Box::pin(self.wait_or_connect(connector)).await
        }
    }

    fn take_idle(&self) -> Option<Lease> {
        self.lock().take_idle(self.0.idle_timeout)
    }

    async fn take_turn(&self, connector: &Connector) -> Result<Lease, ChannelError> {
        let began = now();
        let mut failed = self.0.turn.lock().await;
        if let Some(lease) = self.take_idle() {
            return Ok(lease);
        }
        // Those who wait for their turn would else wait for one failure after the other.
        if let Some((_, error)) = failed.as_ref().filter(|(at, _)| *at > began) {
            return Err(error.clone());
        }
        let connected = self.connect(connector).await;
        *failed = connected.as_ref().err().map(|error| (now(), error.clone()));
        connected
    }

    async fn wait_or_connect(&self, connector: &Connector) -> Result<Lease, ChannelError> {
        let (free, freed) = oneshot::channel();
        let mut waiting = Waiting { pool: self, freed };
        {
            let mut state = self.lock();
            if let Some(lease) = state.take_idle(self.0.idle_timeout) {
                return Ok(lease);
            }
            state.waiting.retain(|waiting| !waiting.is_closed());
            state.waiting.push_back(free);
        }
        let (pool, connector) = (self.clone(), connector.clone());
        let mut connecting = Box::pin(async move { pool.connect(&connector).await });
        let mut is_connecting = false;
        let lease = std::future::poll_fn(|cx| match Pin::new(&mut waiting.freed).poll(cx) {
            Poll::Ready(Ok(sender)) => {
                let is_reused = true;
                Poll::Ready(Ok(Lease { sender, is_reused }))
            }
            _ => {
                let lease = connecting.as_mut().poll(cx);
                is_connecting = lease.is_pending();
                lease
            }
        })
        .await;
        if is_connecting && lease.as_ref().is_ok_and(|lease| !lease.is_http2()) {
            // The next call will need what was begun.
            let pool = self.clone();
            tokio::spawn(async move {
                if let Ok(lease) = connecting.await {
                    pool.put(lease);
                }
            });
        }
        lease
    }

    /// Makes a connection. One of HTTP/2 is there for other calls from then on.
    async fn connect(&self, connector: &Connector) -> Result<Lease, ChannelError> {
        let io = connector.connect().await?;
        let failed = |error: hyper::Error| {
            ChannelError::no_response(&connector.route().address, error.into(), true)
        };
        if !io.is_http2 && !connector.route().http2_only {
            let (mut sender, connection) = http1::handshake(io).await.map_err(failed)?;
            let (cause, caused) = oneshot::channel();
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    // Nobody wants to know once the connection was ready.
                    let _ = cause.send(error);
                }
            });
            return match sender.ready().await {
                Ok(()) => Ok(Lease {
                    sender: Sender::Http1(sender),
                    is_reused: false,
                }),
                Err(closed) => Err(failed(caused.await.unwrap_or(closed))),
            };
        }
        // Another call may have been faster.
        if let Some(lease) = self.lock().take_http2(now(), self.0.idle_timeout) {
            return Ok(lease);
        }
        let executor = TokioExecutor::new();
        let (mut sender, connection) = http2::handshake(executor, io).await.map_err(failed)?;
        // Calls are told of its errors themselves.
        tokio::spawn(async move { drop(connection.await) });
        sender.ready().await.map_err(failed)?;
        Ok(self.share(sender))
    }

    /// Lets all calls have a new connection of HTTP/2, unless there is one by now. Returns the one that they
    /// have.
    fn share(&self, sender: http2::SendRequest<Outgoing>) -> Lease {
        let mut state = self.lock();
        if let Some(lease) = state.take_http2(now(), self.0.idle_timeout) {
            return lease;
        }
        state.http2 = Some((sender.clone(), now()));
        for waiting in state.waiting.drain(..) {
            // One that has a connection already needs no other.
            let _ = waiting.send(Sender::Http2(sender.clone()));
        }
        self.sweep(&mut state);
        Lease {
            sender: Sender::Http2(sender),
            is_reused: false,
        }
    }

    /// Sends a request. One that the server has seen nothing of comes back with the error.
    pub(super) async fn send(
        &self,
        lease: Lease,
        request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Outgoing>>> {
        let mut sender = match lease.sender {
            Sender::Http2(mut sender) => return sender.try_send_request(request).await,
            Sender::Http1(sender) => sender,
        };
        let response = sender.try_send_request(request).await?;
        if sender.is_ready() {
            self.keep(sender);
        } else {
            // Not before both bodies have ended.
            let pool = self.clone();
            tokio::spawn(async move {
                if sender.ready().await.is_ok() {
                    pool.keep(sender);
                }
            });
        }
        Ok(response)
    }

    /// Takes a connection back that was not used.
    pub(super) fn put(&self, lease: Lease) {
        if let Sender::Http1(sender) = lease.sender {
            self.keep(sender);
        }
    }

    /// Gives a connection to a call that waits for one, or keeps it for the next.
    fn keep(&self, sender: http1::SendRequest<Outgoing>) {
        let mut state = self.lock();
        let mut sender = Sender::Http1(sender);
        while let Some(waiting) = state.waiting.pop_front() {
            match waiting.send(sender) {
                Ok(()) => return,
                Err(unwanted) => sender = unwanted,
            }
        }
        if let (Sender::Http1(sender), false) = (sender, self.0.idle_timeout.is_zero()) {
            state.idle.push((sender, now()));
            self.sweep(&mut state);
        }
    }

    /// Sees to it that connections are let go of that nobody uses. A task of a runtime that has ended does
    /// not do that any more.
    fn sweep(&self, state: &mut State) {
        if state.sweeper.as_ref().is_some_and(|it| !it.is_finished()) {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let task = runtime.spawn(sweep(Arc::downgrade(&self.0), self.0.idle_timeout));
            state.sweeper = Some(task.abort_handle());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(sweeper) = &self.lock().sweeper {
            sweeper.abort();
        }
    }
}

async fn sweep(pool: Weak<Inner>, timeout: Duration) {
    loop {
        tokio::time::sleep(timeout.max(MIN_SWEEP)).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut state = pool.lock();
        let now = now();
        state
            .idle
            .retain(|(sender, since)| sender.is_ready() && is_fresh(*since, now, timeout));
        state
            .http2
            .take_if(|(sender, since)| !sender.is_ready() || !is_fresh(*since, now, timeout));
        if state.idle.is_empty() && state.http2.is_none() {
            state.sweeper = None;
            return;
        }
    }
}

fn is_fresh(since: Instant, now: Instant, timeout: Duration) -> bool {
    now.saturating_duration_since(since) <= timeout
}

impl State {
    fn take_idle(&mut self, timeout: Duration) -> Option<Lease> {
        let now = now();
        while let Some((sender, since)) = self.idle.pop() {
            if sender.is_ready() && is_fresh(since, now, timeout) {
                return Some(Lease {
                    sender: Sender::Http1(sender),
                    is_reused: true,
                });
            }
        }
        self.take_http2(now, timeout)
    }

    fn take_http2(&mut self, now: Instant, timeout: Duration) -> Option<Lease> {
        let (sender, since) = self.http2.as_mut()?;
        if sender.is_ready() && is_fresh(*since, now, timeout) {
            *since = now;
            return Some(Lease {
                sender: Sender::Http2(sender.clone()),
                is_reused: true,
            });
        }
        self.http2 = None;
        None
    }
}

impl Lease {
    pub(super) fn is_http2(&self) -> bool {
        matches!(self.sender, Sender::Http2(_))
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::super::endpoint::Endpoint;
    use super::super::target::Target;
    use super::*;
    use crate::Body;
    use crate::client::channel::connector::Route;

    const PATIENCE: Duration = Duration::from_secs(10);
    const TIMEOUT: Duration = Duration::from_secs(60);

    async fn server(http2_only: bool) -> (TcpListener, Connector) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let connector = Connector::new(Route {
            target: Target::parse(&format!("http://{address}")).unwrap(),
            address,
            proxy: None,
            #[cfg(feature = "tls")]
            tls: None,
            http2_only,
            timeout: PATIENCE,
        });
        (listener, connector)
    }

    async fn is_pending<T>(future: Pin<&mut impl Future<Output = T>>) -> bool {
        let mut future = future;
        std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
    }

    async fn connected(pool: &Pool, connector: &Connector) -> Lease {
        let lease = pool.lease(connector).await.unwrap();
        assert!(!lease.is_reused);
        lease
    }

    async fn until_one_is_idle(pool: &Pool) {
        let idle = async {
            while pool.lock().idle.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, idle).await.unwrap();
    }

    #[tokio::test]
    async fn a_call_takes_what_becomes_free_and_leaves_the_other_connection_to_the_next() {
        let (_listener, connector) = server(false).await;
        let pool = Pool::new(TIMEOUT);
        let used = connected(&pool, &connector).await;
        let mut waiting = pin!(pool.lease(&connector));
        assert!(is_pending(waiting.as_mut()).await);
        pool.put(used);
        assert!(waiting.await.unwrap().is_reused);
        until_one_is_idle(&pool).await;
    }

    #[tokio::test]
    async fn a_call_that_is_given_up_takes_nothing_that_becomes_free() {
        let (_listener, connector) = server(false).await;
        let pool = Pool::new(TIMEOUT);
        let used = connected(&pool, &connector).await;
        {
            let mut waiting = pin!(pool.lease(&connector));
            assert!(is_pending(waiting.as_mut()).await);
        }
        pool.put(used);
        assert_eq!(pool.lock().idle.len(), 1);
    }

    #[tokio::test]
    async fn what_a_call_was_given_before_it_was_given_up_is_kept() {
        let (_listener, connector) = server(false).await;
        let pool = Pool::new(TIMEOUT);
        let used = connected(&pool, &connector).await;
        {
            let mut waiting = pin!(pool.lease(&connector));
            assert!(is_pending(waiting.as_mut()).await);
            pool.put(used);
            assert_eq!(pool.lock().idle.len(), 0);
        }
        assert_eq!(pool.lock().idle.len(), 1);
    }

    #[tokio::test]
    async fn a_call_that_was_given_http2_connects_no_further() {
        let (listener, connector) = server(false).await;
        let pool = Pool::new(TIMEOUT);
        let (io, _server) = tokio::io::duplex(1024);
        let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(io));
        let (sender, connection) = handshake.await.unwrap();
        let _connection = tokio::spawn(connection);
        let mut waiting = Box::pin(pool.lease(&connector));
        assert!(is_pending(waiting.as_mut()).await);
        drop(pool.share(sender));
        assert!(waiting.await.unwrap().is_http2());
        let (mut begun, _) = listener.accept().await.unwrap();
        let read = timeout(PATIENCE, begun.read(&mut [0])).await;
        assert_eq!(read.unwrap().unwrap(), 0);
    }

    #[tokio::test]
    async fn where_all_is_http2_those_who_waited_share_a_failure_and_the_next_connects() {
        let (listener, connector) = server(true).await;
        let pool = Pool::new(TIMEOUT);
        let mut turn = pool.0.turn.lock().await;
        let mut waiting = Box::pin(pool.lease(&connector));
        assert!(is_pending(waiting.as_mut()).await);
        let failure = ChannelError::no_response("elsewhere", "it broke".into(), true);
        *turn = Some((now(), failure.clone()));
        drop(turn);
        let shared = timeout(PATIENCE, waiting).await.unwrap().err().unwrap();
        assert_eq!(shared.to_string(), failure.to_string());
        assert!(is_pending(pin!(listener.accept())).await);
        connected(&pool, &connector).await;
        assert!(pool.0.turn.lock().await.is_none());
        drop(listener);
        let (gone, connector) = server(true).await;
        drop(gone);
        let pool = Pool::new(TIMEOUT);
        assert!(pool.lease(&connector).await.is_err());
        assert!(pool.0.turn.lock().await.is_some());
    }

    #[tokio::test]
    async fn where_all_is_http2_one_call_connects_for_all_or_the_next_does() {
        let (listener, connector) = server(true).await;
        let pool = Pool::new(TIMEOUT);
        let mut others = {
            let mut first = pin!(pool.lease(&connector));
            assert!(is_pending(first.as_mut()).await);
            let mut others = [(); 2].map(|()| Box::pin(pool.lease(&connector)));
            for other in &mut others {
                assert!(is_pending(other.as_mut()).await);
            }
            others
        };
        // The first was given up.
        let [second, third] = &mut others;
        let (second, third) = tokio::join!(second, third);
        assert!(!second.unwrap().is_reused && third.unwrap().is_reused);
        let accepted = async {
            let mut served = 0;
            loop {
                let (mut connection, _) = listener.accept().await.unwrap();
                let mut preface = [0; 3];
                served += usize::from(connection.read_exact(&mut preface).await.is_ok());
                if served > 0 {
                    return served;
                }
            }
        };
        assert_eq!(timeout(PATIENCE, accepted).await.unwrap(), 1);
        assert!(is_pending(pin!(listener.accept())).await);
    }

    #[tokio::test]
    async fn a_request_goes_elsewhere_where_its_connection_was_closed_before() {
        let (listener, connector) = server(false).await;
        let pool = Pool::new(TIMEOUT);
        let endpoint = Endpoint::new(connector.clone(), pool.clone()).unwrap();
        let (io, _server) = tokio::io::duplex(64);
        let (sender, connection) = http1::handshake(TokioIo::new(io)).await.unwrap();
        let mut connection = Box::pin(connection);
        assert!(is_pending(connection.as_mut()).await);
        pool.keep(sender);
        let request = Request::post("/a").body(Outgoing::Owned(Body::full("body")));
        let sent = endpoint.send(request.unwrap());
        let answered = async {
            // It closes between the call's turn and its own.
            drop(connection);
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut received = Vec::new();
            while !received.ends_with(b"body") {
                connection.read_buf(&mut received).await.unwrap();
            }
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            connection.write_all(answer).await.unwrap();
            connection
        };
        let both = async { tokio::join!(sent, answered) };
        let (response, _connection) = timeout(PATIENCE, both).await.unwrap();
        assert_eq!(response.unwrap().status(), 200);
        until_one_is_idle(&pool).await;
    }

    #[tokio::test]
    async fn a_connection_that_is_too_old_or_closed_is_not_taken() {
        let (listener, connector) = server(false).await;
        let pool = Pool::new(TIMEOUT);
        pool.put(connected(&pool, &connector).await);
        if let Some((_, since)) = pool.lock().idle.first_mut() {
            *since = now().checked_sub(2 * TIMEOUT).unwrap();
        }
        let lease = connected(&pool, &connector).await;
        pool.put(lease);
        drop(listener);
        let gone = async {
            while pool.lock().idle.iter().any(|(sender, _)| sender.is_ready()) {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, gone).await.unwrap();
        assert!(pool.take_idle().is_none());
        let unkept = Pool::new(Duration::ZERO);
        let (_listener, connector) = server(false).await;
        unkept.put(connected(&unkept, &connector).await);
        assert!(unkept.take_idle().is_none());
    }
}
