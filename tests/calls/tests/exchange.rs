//! What is on the wire beside the messages, and what becomes of things that are passed on.

use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use calls::proto::calls::Note;
use calls::proto::calls::notes_client::NotesClient;
use calls::proto::calls::notes_server::{Notes, NotesServer};
use calls::{MyNotes, note};
use grpcweb_runtime::client::Client;
use grpcweb_runtime::{Body, Code, MetadataMap, Protocol, Request, Response, Status, Streaming};
use http_body::Body as _;
use tower_service::Service;

/// A transport that keeps the head of the last request, and fails with an error.
#[derive(Clone, Default)]
struct Failing {
    seen: Arc<Mutex<http::HeaderMap>>,
}

/// An error with another one inside.
#[derive(Debug)]
struct Refused(Status);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused by a layer")
    }
}

impl std::error::Error for Refused {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl Service<http::Request<Body>> for Failing {
    type Response = http::Response<Body>;
    type Error = Refused;
    type Future = Ready<Result<http::Response<Body>, Refused>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        *self.seen.lock().unwrap() = request.headers().clone();
        ready(Err(Refused(Status::resource_exhausted("no more today"))))
    }
}

/// Metadata as it was received, with what belongs to the exchange that it came with.
async fn received() -> MetadataMap {
    struct Keep(Arc<Mutex<MetadataMap>>);

    impl Notes for Keep {
        async fn echo(&self, request: Request<Note>) -> Result<Response<Note>, Status> {
            *self.0.lock().unwrap() = request.metadata().clone();
            Ok(Response::new(request.into_inner()))
        }

        async fn repeat(&self, _: Request<Note>) -> Result<Response<Streaming<Note>>, Status> {
            Err(Status::unimplemented(""))
        }

        async fn join(&self, _: Request<Streaming<Note>>) -> Result<Response<Note>, Status> {
            Err(Status::unimplemented(""))
        }

        async fn chat(
            &self,
            _: Request<Streaming<Note>>,
        ) -> Result<Response<Streaming<Note>>, Status> {
            Err(Status::unimplemented(""))
        }
    }

    let kept = Arc::new(Mutex::new(MetadataMap::new()));
    let client = NotesClient::new(NotesServer::new(Keep(Arc::clone(&kept))));
    let mut request = Request::new(note(""));
    request.metadata_mut().insert("x-request-id", "7").unwrap();
    client.echo(request).await.unwrap();
    let metadata = kept.lock().unwrap();
    metadata.clone()
}

/// Text without `+proto`, as browsers send it: there are servers that know no other name of it. And nothing of
/// encodings that nobody asked for.
///
/// Known mistake 60.
#[tokio::test]
async fn a_request_says_what_it_is_and_what_it_takes() {
    for (protocol, media_type) in [
        (Protocol::GrpcWeb, "application/grpc-web+proto"),
        (Protocol::GrpcWebText, "application/grpc-web-text"),
    ] {
        let transport = Failing::default();
        let client = NotesClient::from(Client::new(transport.clone()).protocol(protocol));
        let mut request = Request::new(note(""));
        *request.metadata_mut() = received().await;
        client.echo(request).await.unwrap_err();
        let seen = transport.seen.lock().unwrap();
        for (name, value) in [
            ("content-type", media_type),
            ("accept", media_type),
            ("x-grpc-web", "1"),
            ("x-request-id", "7"),
        ] {
            let values: Vec<_> = seen.get_all(name).iter().collect();
            assert_eq!(values, [value], "{name}, {protocol:?}");
        }
        let user_agent = seen["user-agent"].to_str().unwrap();
        assert!(user_agent.starts_with("grpcweb-runtime/"));
        assert_eq!(seen.len(), 5, "{seen:?}");
    }
}

#[tokio::test]
async fn what_belongs_to_another_exchange_is_not_sent_on() {
    let mut metadata = received().await;
    assert_eq!(metadata.get("x-grpc-web"), Some("1"));
    metadata.insert("x-more", "8").unwrap();
    let transport = Failing::default();
    let mut request = Request::new(Streaming::from_iter([note("")]));
    *request.metadata_mut() = metadata;
    NotesClient::new(transport.clone())
        .chat(request)
        .await
        .unwrap_err();
    assert_eq!(
        transport
            .seen
            .lock()
            .unwrap()
            .get_all("x-grpc-web")
            .iter()
            .count(),
        1
    );
}

#[tokio::test]
async fn a_status_that_a_layer_fails_with_is_the_status_of_the_call() {
    let client = NotesClient::new(Failing::default());
    let status = client.echo(note("")).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::ResourceExhausted, "no more today")
    );
}

/// Passes everything on.
#[derive(Clone)]
struct Proxy(NotesClient<NotesServer<MyNotes>>);

impl Notes for Proxy {
    async fn echo(&self, request: Request<Note>) -> Result<Response<Note>, Status> {
        self.0.echo(request).await
    }

    async fn repeat(&self, request: Request<Note>) -> Result<Response<Streaming<Note>>, Status> {
        let mut response = self.0.repeat(request).await?;
        response.trailers_mut().insert("x-proxy", "here")?;
        Ok(response)
    }

    async fn join(&self, request: Request<Streaming<Note>>) -> Result<Response<Note>, Status> {
        self.0.join(request).await
    }

    async fn chat(
        &self,
        request: Request<Streaming<Note>>,
    ) -> Result<Response<Streaming<Note>>, Status> {
        self.0.chat(request).await
    }
}

#[tokio::test]
async fn a_stream_that_is_passed_on_keeps_its_trailers_and_its_error() {
    let backend = NotesClient::new(NotesServer::new(MyNotes::default()));
    let client = NotesClient::new(NotesServer::new(Proxy(backend)));
    for scenario in ["", "fail-at-the-end"] {
        let mut request = Request::new(Note {
            count: 2,
            ..note("a")
        });
        request.metadata_mut().insert("scenario", scenario).unwrap();
        request.metadata_mut().insert("x-trailing", "kept").unwrap();
        let mut stream = client.repeat(request).await.unwrap().into_inner();
        for _ in 0..2 {
            assert!(stream.message().await.unwrap().is_some());
        }
        let end = stream.message().await;
        assert_eq!(end.is_err(), scenario == "fail-at-the-end");
        assert_eq!(
            stream.trailers().get("x-trailing"),
            Some("kept"),
            "{scenario}"
        );
        assert_eq!(stream.trailers().get("x-proxy"), Some("here"), "{scenario}");
    }
}

#[tokio::test]
async fn messages_that_are_there_leave_together_and_not_without_end() {
    let request = Note {
        count: 10_000,
        ..note("0123456789")
    };
    let frame = [
        &[0, 0, 0, 0][..],
        &[15],
        &prost::Message::encode_to_vec(&request),
    ]
    .concat();
    let request = http::Request::post("/calls.Notes/Repeat")
        .header("content-type", "application/grpc-web+proto")
        .body(Body::full(frame))
        .unwrap();
    let mut server = NotesServer::new(MyNotes::default());
    let mut body = server.call(request).await.unwrap().into_body();
    let mut chunks = Vec::new();
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        chunks.push(frame.unwrap().into_data().unwrap().len());
    }
    let total: usize = chunks.iter().sum();
    assert!(total > 10_000 * 17, "{total}");
    assert!(chunks.len() < 15, "{} chunks", chunks.len());
    assert!(chunks.iter().all(|len| *len < 40_000), "{chunks:?}");
}
