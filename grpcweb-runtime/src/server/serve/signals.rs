use super::Serve;

/// Done once the process is asked to end: by Ctrl-C, and on Unix by SIGTERM too, which systemd, Docker and
/// Kubernetes send. For [`Serve::with_graceful_shutdown`].
///
/// From its first poll on the process is not ended by these signals any more.
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
pub async fn shutdown_signal() {
    let ctrl_c = async {
        tokio::signal::ctrl_c()
            .await
            .expect("cannot listen for Ctrl-C");
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).expect("cannot listen for SIGTERM");
        let mut ctrl_c = std::pin::pin!(ctrl_c);
        std::future::poll_fn(|cx| {
            if terminate.poll_recv(cx).is_ready() {
                return std::task::Poll::Ready(());
            }
            ctrl_c.as_mut().poll(cx)
        })
        .await;
    }
    #[cfg(not(unix))]
    ctrl_c.await;
}

impl<L, S> Serve<L, S> {
    /// Ends the server gracefully at the first [`shutdown_signal`], and at a second one without waiting for
    /// calls any longer.
    pub fn with_shutdown_signals(self) -> Self {
        self.with_graceful_shutdown(shutdown_signal())
            .cut_grace_short(shutdown_signal())
    }
}
