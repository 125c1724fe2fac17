//! Taking connections.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use super::connections::Connections;
use super::listener::Listener;

/// How long to wait after a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(50);

/// The next connection, or `None` once `until` is done. Waits while there are `max`.
pub(super) async fn next<L: Listener, U: Future<Output = ()>>(
    listener: &mut L,
    connections: &mut Connections,
    max: usize,
    mut until: Pin<&mut U>,
) -> Option<(L::Io, Option<SocketAddr>)> {
    loop {
        let accepted = {
            let mut accept = pin!(listener.accept());
            poll_fn(|cx| {
                clear(connections, cx);
                if until.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(None);
                }
                if connections.len() >= max {
                    return Poll::Pending;
                }
                accept.as_mut().poll(cx).map(Some)
            })
            .await?
        };
        match accepted {
            Ok(accepted) => return Some(accepted),
            Err(error) => recover(&error, connections, until.as_mut()).await?,
        }
    }
}

/// Waits after an error, of a connection that is gone already, or for lack of resources for another one.
/// Neither concerns those that are there, and the second passes when some of them end.
async fn recover<U: Future<Output = ()>>(
    error: &io::Error,
    connections: &mut Connections,
    mut until: Pin<&mut U>,
) -> Option<()> {
    if error.kind() == io::ErrorKind::ConnectionAborted {
        return Some(());
    }
    let mut pause = pin!(tokio::time::sleep(PAUSE));
    poll_fn(|cx| {
        clear(connections, cx);
        if until.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        pause.as_mut().poll(cx).map(Some)
    })
    .await
}

fn clear(connections: &mut Connections, cx: &mut Context<'_>) {
    // Whether there are any does not matter here.
    let _ = connections.poll_none(cx);
}
