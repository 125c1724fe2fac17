use std::future::{Future, poll_fn};
use std::task::Poll;

use super::Serve;

/// Done once the process is asked to end: by Ctrl-C, and on Unix by SIGTERM too, which systemd, Docker and
/// Kubernetes send. For [`Serve::with_graceful_shutdown`].
///
/// From this call on the process is not ended by these signals any more, whether or not the future is polled.
///
/// Two that are made before a signal both hear it. Where the first signal is to end the server and a second one to
/// [cut its grace period short](Serve::cut_grace_short), use [`Serve::with_shutdown_signals`], or
/// `async { shutdown_signal().await }` for the second, which listens only once it is awaited.
///
/// ```no_run
/// # async fn f(listener: tokio::net::TcpListener, router: grpcweb_runtime::Router) -> std::io::Result<()> {
/// grpcweb_runtime::serve(listener, router)
///     .with_graceful_shutdown(grpcweb_runtime::server::shutdown_signal())
///     .await
/// # }
/// ```
///
/// # Panics
///
/// Where the system does not let the process listen for signals, or there is no runtime of tokio with I/O.
#[expect(
    clippy::expect_used,
    reason = "a process that cannot be told to end is a mistake, found when it starts"
)]
pub fn shutdown_signal() -> impl Future<Output = ()> + Send + 'static {
    #[cfg(unix)]
    let mut signals = {
        use tokio::signal::unix::{SignalKind, signal};
        [SignalKind::interrupt(), SignalKind::terminate()]
            .map(|kind| signal(kind).expect("cannot listen for signals"))
    };
    #[cfg(windows)]
    let mut signals = [tokio::signal::windows::ctrl_c().expect("cannot listen for Ctrl-C")];
    poll_fn(move |cx| {
        let mut polled = signals.iter_mut().map(|signal| signal.poll_recv(cx));
        if polled.any(|polled| polled.is_ready()) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
}

impl<L, S> Serve<L, S> {
    /// Ends the server gracefully at the first [`shutdown_signal`], and at a second one without waiting for
    /// calls any longer.
    ///
    /// # Panics
    ///
    /// As [`shutdown_signal`]: so where it is called outside of a runtime of tokio.
    pub fn with_shutdown_signals(self) -> Self {
        // Listening from now on, the second would hear the first signal too.
        self.with_graceful_shutdown(shutdown_signal())
            .cut_grace_short(async { shutdown_signal().await })
    }
}
