//! As little HTTP/2 as it takes to call.

use std::io;
use std::net::Ipv4Addr;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use http::{HeaderMap, Method, Request, StatusCode};
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::time::timeout;

use crate::PATIENCE;
use crate::case::Case;
use crate::outcome::Outcome;

/// More than any response has, so that no server waits for room.
const WINDOW: u32 = 1 << 30;

/// Makes calls, and checks that all went well, and that their responses are as long as the first. Says how much data each had.
pub(crate) fn calls(port: u16, case: &Case, count: u64) -> io::Result<u64> {
    runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let mut connection = connect(port).await?;
            let mut expected = None;
            for _ in 0..count {
                let call = async { whole(send(&mut connection, case).await?, case).await };
                let len = timeout(PATIENCE, call).await??;
                if *expected.get_or_insert(len) != len {
                    return Err(io::Error::other("two responses differ in length"));
                }
            }
            Ok(expected.unwrap_or_default())
        })
}

async fn connect(port: u16) -> io::Result<SendRequest<Bytes>> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = h2::client::Builder::new()
        .initial_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .handshake(stream)
        .await
        .map_err(io::Error::other)?;
    // What goes wrong with it, the calls are told as well.
    tokio::spawn(connection);
    Ok(sender)
}

async fn send(connection: &mut SendRequest<Bytes>, case: &Case) -> io::Result<ResponseFuture> {
    std::future::poll_fn(|cx| connection.poll_ready(cx))
        .await
        .map_err(io::Error::other)?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("http://localhost{}", case.path))
        .header("content-type", case.content_type)
        .header("te", "trailers")
        .header("x-case", &case.name)
        .body(())
        .map_err(io::Error::other)?;
    let (response, mut body) = connection
        .send_request(request, false)
        .map_err(io::Error::other)?;
    body.send_data(case.body.clone().into(), true)
        .map_err(io::Error::other)?;
    Ok(response)
}

/// Reads a response to its end, and says how long its body was.
async fn whole(response: ResponseFuture, case: &Case) -> io::Result<u64> {
    let response = response.await.map_err(io::Error::other)?;
    if response.status() != StatusCode::OK {
        return Err(io::Error::other(format!("not 200: {}", response.status())));
    }
    let mut body = response.into_body();
    let mut outcome = Outcome::default();
    while let Some(data) = body.data().await {
        let data = data.map_err(io::Error::other)?;
        outcome.push(&data);
        body.flow_control()
            .release_capacity(data.len())
            .map_err(io::Error::other)?;
    }
    let trailers = body.trailers().await.map_err(io::Error::other)?;
    if case.content_type != "application/grpc" {
        outcome.check(case)?;
    } else if !is_ok(trailers.as_ref()) {
        return Err(io::Error::other(format!("no grpc-status 0: {trailers:?}")));
    }
    Ok(outcome.len)
}

fn is_ok(trailers: Option<&HeaderMap>) -> bool {
    trailers
        .and_then(|it| it.get("grpc-status"))
        .is_some_and(|status| status == "0")
}
