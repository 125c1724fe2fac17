//! What the server makes of requests, however they are cut and whoever sent them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calls::proto::calls::Note;
use calls::proto::calls::notes_server::NotesServer;
use calls::wire::{self, BINARY, Reply, TEXT, bodies, frame, message};
use calls::{MyNotes, note};
use grpcweb_runtime::{Body, Router, ServerOptions};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use tower_service::Service;

fn request(method: &str, content_type: &str, chunks: Vec<&[u8]>) -> Request<Body> {
    wire::request(method, content_type, chunks)
}

async fn answer(request: Request<Body>) -> Reply {
    let response = NotesServer::new(MyNotes::default()).call(request).await;
    Reply::collect(response.unwrap()).await.unwrap()
}

fn read(reply: &Reply) -> (Vec<Note>, String) {
    reply.read()
}

/// Known mistake 15.
#[tokio::test]
async fn every_cut_of_every_request_gives_the_same_answer_in_binary_and_in_text() {
    for (method, body) in bodies() {
        let text = STANDARD.encode(&body).into_bytes();
        let whole = read(&answer(request(method, BINARY, vec![&body])).await);
        // What is no base64 ends a request where it stands, however it is cut.
        let spoiled = [&text[..], b"!!!!"].concat();
        let whole_spoiled = read(&answer(request(method, TEXT, vec![&spoiled])).await);
        for (content_type, body, whole) in [
            (BINARY, body, &whole),
            (TEXT, text, &whole),
            (TEXT, spoiled, &whole_spoiled),
        ] {
            let run = async |chunks| read(&answer(request(method, content_type, chunks)).await);
            for cut in 0..=body.len() {
                let (head, tail) = body.split_at(cut);
                let cut_answer = run(vec![head, tail]).await;
                assert_eq!(
                    &cut_answer, whole,
                    "{method} in {content_type}, {body:?} cut at {cut}"
                );
            }
            let answer = run(body.chunks(1).collect()).await;
            assert_eq!(
                &answer, whole,
                "{method} in {content_type}, {body:?} by bytes"
            );
        }
    }
}

/// Known mistake 14.
#[tokio::test]
async fn a_text_request_may_be_padded_anywhere() {
    let body = message("abc");
    for cut in 0..=body.len() {
        let (head, tail) = body.split_at(cut);
        let text = STANDARD.encode(head) + &STANDARD.encode(tail);
        let response = answer(request("Echo", TEXT, vec![text.as_bytes()])).await;
        assert_eq!(read(&response).0, [note("abc")], "padded at {cut}");
    }
}

/// Known mistake 16.
/// Known mistake 20.
#[tokio::test]
async fn text_that_is_no_base64_is_an_invalid_argument() {
    for text in ["AAAAA", "!!!!", "AAAA AAAA"] {
        let response = answer(request("Echo", TEXT, vec![text.as_bytes()])).await;
        let (_, trailers) = read(&response);
        assert!(trailers.contains("grpc-status:3\r\n"), "{text}: {trailers}");
    }
}

/// Known mistake 11.
/// Known mistake 12.
/// Known mistake 56.
/// Known mistake 57.
#[tokio::test]
async fn each_fault_has_its_code() {
    for (body, code) in [
        (vec![], 12),
        ([message("a"), message("b")].concat(), 12),
        (message("abc")[..4].to_vec(), 3),
        (message("abc")[..7].to_vec(), 3),
        (frame(0, b"\xff\xff not protobuf"), 3),
        (b"\x80\0\0\0\x01x".to_vec(), 3),
        (b"\x01\0\0\0\x01x".to_vec(), 13),
        (b"\0\xff\xff\xff\xff".to_vec(), 8),
    ] {
        let response = answer(request("Echo", BINARY, vec![&body])).await;
        assert_eq!(response.head.status(), StatusCode::OK);
        let (messages, trailers) = read(&response);
        assert_eq!(messages, []);
        assert!(
            trailers.starts_with(&format!("grpc-status:{code}\r\n")),
            "{body:?}: {trailers}"
        );
    }
}

/// Known mistake 17.
#[tokio::test]
async fn the_answer_is_in_the_mode_of_the_request_whatever_it_accepts() {
    let text = STANDARD.encode(message("abc"));
    for accept in [None, Some("*/*"), Some("application/grpc-web-text, */*")] {
        let mut request = request("Echo", TEXT, vec![text.as_bytes()]);
        if let Some(accept) = accept {
            request
                .headers_mut()
                .insert("accept", accept.parse().unwrap());
        }
        let response = answer(request).await;
        assert_eq!(
            response.head.headers()["content-type"],
            "application/grpc-web-text+proto"
        );
        assert_eq!(read(&response).0, [note("abc")], "{accept:?}");
    }
}

/// Known mistake 29.
#[tokio::test]
async fn a_status_is_in_the_body_and_never_in_the_head() {
    for (method, text) in [
        ("Echo", "abc"),
        ("Echo", "fail"),
        ("Nothing", ""),
        ("Repeat", ""),
    ] {
        let response = answer(request(method, BINARY, vec![&message(text)])).await;
        assert_eq!(response.head.status(), StatusCode::OK);
        assert_eq!(response.head.headers()["content-type"], BINARY);
        assert!(
            !response.head.headers().contains_key("grpc-status"),
            "{method}"
        );
        let (_, trailers) = read(&response);
        assert!(trailers.contains("grpc-status:"), "{method}: {trailers}");
        assert!(!trailers.contains("\r\n\r\n"), "{method}: {trailers}");
    }
}

/// Known mistake 37.
#[tokio::test]
async fn an_unknown_method_is_unimplemented_and_names_the_path() {
    let response = answer(request("Nothing", BINARY, vec![&message("")])).await;
    let (_, trailers) = read(&response);
    assert!(trailers.contains("grpc-status:12"), "{trailers}");
    assert!(trailers.contains("/calls.Notes/Nothing"), "{trailers}");
}

/// Known mistake 37.
#[tokio::test]
async fn an_unknown_service_is_unimplemented_for_grpc_web_and_not_found_otherwise() {
    let mut router = Router::new().add_service(NotesServer::new(MyNotes::default()));
    for path in [
        "/other.Service/Echo",
        "/calls.Notes",
        "/",
        "/calls.NotesEcho",
    ] {
        let mut call = request("Echo", BINARY, vec![]);
        *call.uri_mut() = path.parse().unwrap();
        let response = router.call(call).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(
            String::from_utf8_lossy(&body).contains("grpc-status:12"),
            "{path}"
        );

        let page = Request::get(path).body(Body::empty()).unwrap();
        let response = router.call(page).await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

/// Known mistake 37.
#[tokio::test]
async fn another_http_method_than_post_is_not_allowed() {
    for method in ["GET", "PUT", "OPTIONS", "HEAD"] {
        let mut request = request("Echo", BINARY, vec![&message("abc")]);
        *request.method_mut() = method.parse().unwrap();
        let response = answer(request).await;
        assert_eq!(
            response.head.status(),
            StatusCode::METHOD_NOT_ALLOWED,
            "{method}"
        );
        assert_eq!(response.head.headers()["allow"], "POST");
    }
}

#[tokio::test]
async fn what_a_form_of_another_site_can_send_starts_no_handler() {
    for content_type in [
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/plain",
        "application/json",
        "",
    ] {
        let response = answer(request("Echo", content_type, vec![&message("abc")])).await;
        assert_eq!(
            response.head.status(),
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "{content_type}"
        );
        let accepted = response.head.headers()["accept-post"].to_str().unwrap();
        assert!(
            accepted.contains("application/grpc-web+proto"),
            "{accepted}"
        );
    }
}

/// Known mistake 37.
#[tokio::test]
async fn messages_in_another_format_are_unimplemented() {
    for content_type in [
        "application/grpc-web+thrift",
        "application/grpc-web-text+json",
    ] {
        let response = answer(request("Echo", content_type, vec![b"{}"])).await;
        let (_, trailers) = read(&response);
        assert!(
            trailers.contains("grpc-status:12"),
            "{content_type}: {trailers}"
        );
    }
}

/// Known mistake 59.
#[tokio::test]
async fn a_message_over_the_limit_names_the_limit_the_side_and_the_setting() {
    let options = ServerOptions::new().max_decoding_message_size(50);
    let mut server = NotesServer::new(MyNotes::default()).with_options(options);
    let call = request("Echo", BINARY, vec![b"\0\0\0\0\x33"]);
    let response = server.call(call).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body = String::from_utf8_lossy(&body);
    for part in [
        "grpc-status:8",
        "request",
        "51",
        "server's limit of 50",
        "max_decoding_message_size",
    ] {
        assert!(body.contains(part), "{body}");
    }
}

/// Known mistake 59.
#[tokio::test]
async fn an_answer_over_the_limit_fails_the_call_and_says_so() {
    let options = ServerOptions::new().max_encoding_message_size(5);
    let mut server = NotesServer::new(MyNotes::default()).with_options(options);
    for method in ["Echo", "Chat"] {
        let call = request(method, BINARY, vec![&message("too long")]);
        let response = server.call(call).await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body = String::from_utf8_lossy(&body);
        for part in ["grpc-status:8", "limit of 5", "max_encoding_message_size"] {
            assert!(body.contains(part), "{method}: {body}");
        }
    }
}

/// Known mistake 41.
#[test]
#[should_panic(expected = "calls.Notes was added to the router twice")]
fn the_same_service_twice_is_a_loud_error() {
    let service = NotesServer::new(MyNotes::default());
    let _ = Router::new()
        .add_service(service.clone())
        .add_service(service);
}
