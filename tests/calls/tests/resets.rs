//! Streams of HTTP/2 that a server resets.

use bytes::Bytes;
use calls::note;
use calls::proto::calls::notes_client::NotesClient;
use grpcweb_runtime::client::Client;
use grpcweb_runtime::{Channel, Code, Protocol};
use h2::Reason;
use http::Response;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A server that resets every stream, once it has sent the head of its response or before.
async fn resetting(reason: Reason, after_the_head: bool) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let task = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(socket).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            if after_the_head {
                let head = Response::builder().header("content-type", "application/grpc");
                let mut body = respond
                    .send_response(head.body(()).unwrap(), false)
                    .unwrap();
                body.send_data(Bytes::from_static(b"\0\0\0\0\0"), false)
                    .unwrap();
                // The message is read before the reset, whatever the network does.
                body.reserve_capacity(1);
                let _ = std::future::poll_fn(|cx| body.poll_capacity(cx)).await;
                body.send_reset(reason);
            } else {
                respond.send_reset(reason);
            }
        }
    });
    (address, task)
}

#[tokio::test]
async fn the_reason_of_a_reset_becomes_a_code() {
    for (reason, code) in [
        (Reason::REFUSED_STREAM, Code::Unavailable),
        (Reason::CANCEL, Code::Cancelled),
        (Reason::ENHANCE_YOUR_CALM, Code::ResourceExhausted),
        (Reason::INADEQUATE_SECURITY, Code::PermissionDenied),
        (Reason::PROTOCOL_ERROR, Code::Internal),
        (Reason::INTERNAL_ERROR, Code::Internal),
    ] {
        for after_the_head in [false, true] {
            let (address, server) = resetting(reason, after_the_head).await;
            let builder = Channel::builder().http2_prior_knowledge();
            let channel = builder.build(&format!("http://{address}")).unwrap();
            let client = Client::new(channel).protocol(Protocol::Grpc);
            let status = NotesClient::from(client).echo(note("a")).await.unwrap_err();
            assert_eq!(
                status.code(),
                code,
                "{reason:?}, {after_the_head}: {status}"
            );
            server.abort();
        }
    }
}
