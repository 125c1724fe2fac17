use std::net::SocketAddr;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use super::{MaybeTls, ServerTls};
use crate::ConnectionInfo;
use crate::cancel::ShutdownSignal;
use crate::deadline::{Timer, poll_timer};
use crate::signal::Ticket;

/// Makes a connection one with TLS; `None` where that fails, takes too long, or the server is shutting down.
pub(in crate::server::serve) async fn handshake<I>(
    tls: &ServerTls,
    io: I,
    timeout: Option<Duration>,
    remote_addr: Option<SocketAddr>,
    signal: Option<ShutdownSignal>,
) -> Option<(MaybeTls<I>, ConnectionInfo)>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    let mut timer = timeout.and_then(Timer::after);
    let mut announced = Ticket::default();
    let mut accept = std::pin::pin!(TlsAcceptor::from(tls.config()).accept(io));
    let stream = std::future::poll_fn(|cx| {
        if let Poll::Ready(accepted) = accept.as_mut().poll(cx) {
            return Poll::Ready(accepted.ok());
        }
        if let Some(signal) = &signal {
            if signal.poll_announced(&mut announced, cx).is_ready() {
                return Poll::Ready(None);
            }
        }
        poll_timer(&mut timer, cx).map(|()| None)
    })
    .await?;
    let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let certificates = certificates
        .iter()
        .map(|certificate| Bytes::copy_from_slice(certificate));
    let info = ConnectionInfo::of_tls_server(remote_addr, signal, certificates);
    Some((MaybeTls::Tls(Box::new(stream)), info))
}
