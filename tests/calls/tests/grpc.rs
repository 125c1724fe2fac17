//! gRPC over HTTP/2 on the wire: what differs from gRPC-Web.

use bytes::Bytes;
use calls::proto::calls::notes_server::NotesServer;
use calls::{MyNotes, Server, note};
use grpcweb_runtime::Body;
use http::{HeaderMap, Request, Response, StatusCode, Version};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Full};
use prost::Message as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tower_service::Service as _;

fn request(method: &str, text: &str) -> Request<Body> {
    let payload = note(text).encode_to_vec();
    let mut frame = vec![0, 0, 0, 0, u8::try_from(payload.len()).unwrap()];
    frame.extend_from_slice(&payload);
    Request::post(format!("/calls.Notes/{method}"))
        .version(Version::HTTP_2)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("x-trailing", "t")
        .header("x-initial", "i")
        .body(Body::new(Full::new(Bytes::from(frame))))
        .unwrap()
}

async fn answer(request: Request<Body>) -> Response<Body> {
    NotesServer::new(MyNotes::default())
        .call(request)
        .await
        .unwrap()
}

async fn read(response: Response<Body>) -> (Bytes, Option<HeaderMap>) {
    let body = response.into_body().collect().await.unwrap();
    let trailers = body.trailers().cloned();
    (body.to_bytes(), trailers)
}

#[tokio::test]
async fn an_answer_has_its_message_in_the_body_and_its_status_in_http_trailers() {
    for method in ["Echo", "Chat"] {
        let response = answer(request(method, "abc")).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "application/grpc+proto");
        assert!(!response.headers().contains_key("grpc-status"), "{method}");
        let (body, trailers) = read(response).await;
        assert_eq!(&body[..], b"\0\0\0\0\x05\x0a\x03abc", "{method}");
        assert_eq!(trailers.unwrap()["grpc-status"], "0", "{method}");
    }
    let response = answer(request("Echo", "abc")).await;
    assert_eq!(response.headers()["x-initial"], "i");
    assert_eq!(read(response).await.1.unwrap()["x-trailing"], "t");
}

#[tokio::test]
async fn a_unary_answer_has_no_content_length() {
    let response = answer(request("Echo", "abc")).await;
    assert_eq!(response.body().size_hint().exact(), None);
}

#[tokio::test]
async fn an_error_is_all_in_the_head() {
    let wrong_method = request("Nothing", "abc");
    for (request, status) in [(request("Echo", "fail"), "9"), (wrong_method, "12")] {
        let response = answer(request).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["grpc-status"], status);
        assert_eq!(response.headers()["content-type"], "application/grpc+proto");
        assert!(response.body().is_end_stream());
    }
    let response = answer(request("Echo", "fail")).await;
    assert_eq!(
        response.headers()["grpc-message"],
        "100 %25 na%C3%AFve:%0Ano"
    );
    assert!(response.headers().contains_key("grpc-status-details-bin"));
    assert_eq!(response.headers()["x-trailing"], "t");
}

#[tokio::test]
async fn over_http1_it_is_refused_with_what_to_do() {
    let server = Server::start(MyNotes::default()).await;
    let mut socket = TcpStream::connect(&server.address).await.unwrap();
    let request = "POST /calls.Notes/Echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\
                   content-type: application/grpc\r\ncontent-length: 5\r\n\r\n\0\0\0\0\0";
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    socket.read_to_string(&mut response).await.unwrap();
    for part in [
        "HTTP/1.1 200",
        "grpc-status: 12",
        "application/grpc-web+proto",
    ] {
        assert!(response.contains(part), "{response}");
    }
}
