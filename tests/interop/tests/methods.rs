//! What the methods answer.

use std::time::Duration;

use futures_util::StreamExt as _;
use grpcweb_runtime::{Code, Request, Status, Streaming};
use interop::proto::grpc::testing::test_service_client::TestServiceClient;
use interop::proto::grpc::testing::unimplemented_service_client::UnimplementedServiceClient;
use interop::proto::grpc::testing::{
    EchoStatus, Empty, Payload, ResponseParameters, SimpleRequest, StreamingInputCallRequest,
    StreamingOutputCallRequest, StreamingOutputCallResponse,
};
use tokio::sync::mpsc;
use tokio::time::Instant;

fn client() -> TestServiceClient<axum::Router> {
    TestServiceClient::new(interop::app())
}

fn of_size(response_size: i32) -> SimpleRequest {
    SimpleRequest {
        response_size,
        ..SimpleRequest::default()
    }
}

/// Asks for responses of these sizes, each after so many milliseconds.
fn stream_of(responses: &[(i32, i32)]) -> StreamingOutputCallRequest {
    let parameters = |&(size, milliseconds)| ResponseParameters {
        size,
        interval_us: milliseconds * 1000,
        compressed: None,
    };
    StreamingOutputCallRequest {
        response_parameters: responses.iter().map(parameters).collect(),
        ..StreamingOutputCallRequest::default()
    }
}

fn aborted() -> Option<EchoStatus> {
    Some(EchoStatus {
        code: Code::Aborted as i32,
        message: "as asked".into(),
    })
}

fn assert_aborted(status: &Status) {
    assert_eq!(
        (status.code(), status.message()),
        (Code::Aborted, "as asked")
    );
}

fn size(payload: Option<Payload>) -> usize {
    let body = payload.unwrap().body;
    assert!(body.iter().all(|&byte| byte == 0));
    body.len()
}

async fn sizes(mut responses: Streaming<StreamingOutputCallResponse>) -> Vec<usize> {
    let mut sizes = Vec::new();
    while let Some(response) = responses.message().await.unwrap() {
        sizes.push(size(response.payload));
    }
    sizes
}

#[tokio::test]
async fn an_empty_call_is_answered_with_an_empty_message() {
    let response = client().empty_call(Empty {}).await.unwrap();
    assert_eq!(response.into_inner(), Empty {});
}

#[tokio::test]
async fn a_unary_call_gets_as_many_zeros_as_it_asks_for() {
    for bytes in [0, 1, 314_159] {
        let response = client().unary_call(of_size(bytes)).await.unwrap();
        assert_eq!(size(response.into_inner().payload), bytes as usize);
    }
}

#[tokio::test]
async fn a_size_below_zero_is_refused() {
    let status = client().unary_call(of_size(-1)).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);

    let request = stream_of(&[(1, 0), (-1, 0)]);
    let responses = client().streaming_output_call(request).await.unwrap();
    let mut responses = responses.into_inner();
    assert!(responses.message().await.unwrap().is_some());
    let status = responses.message().await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_unary_call_ends_with_the_status_that_it_asks_for() {
    let request = SimpleRequest {
        response_status: aborted(),
        ..of_size(5)
    };
    assert_aborted(&client().unary_call(request).await.unwrap_err());
}

#[tokio::test]
async fn a_cacheable_answer_says_so_and_differs_from_the_one_before() {
    let first = client().cacheable_unary_call(of_size(0)).await.unwrap();
    let cache_control = first.metadata().get("cache-control");
    assert_eq!(cache_control, Some("max-age=60, public"));
    let second = client().cacheable_unary_call(of_size(0)).await.unwrap();
    assert_ne!(first.into_inner(), second.into_inner());
}

#[tokio::test(start_paused = true)]
async fn each_message_of_a_stream_is_sent_when_it_is_due() {
    let request = stream_of(&[(5, 0), (6, 100), (7, 0), (8, 250)]);
    let responses = client().streaming_output_call(request).await.unwrap();
    let mut responses = responses.into_inner();
    let start = Instant::now();
    for (bytes, due) in [(5, 0), (6, 100), (7, 100), (8, 350)] {
        let response = responses.message().await.unwrap().unwrap();
        assert_eq!(size(response.payload), bytes);
        // The clock of tokio's timers counts whole milliseconds, rounded up.
        let late = start.elapsed() - Duration::from_millis(due);
        assert!(late < Duration::from_millis(5), "{bytes}: {late:?} late");
    }
    assert_eq!(responses.message().await.unwrap(), None);
}

#[tokio::test]
async fn a_stream_ends_with_the_status_that_it_asks_for_after_its_messages() {
    let request = StreamingOutputCallRequest {
        response_status: aborted(),
        ..stream_of(&[(5, 0)])
    };
    let requests = Streaming::from_iter([request.clone()]);
    let output = client().streaming_output_call(request).await.unwrap();
    let duplex = client().full_duplex_call(requests).await.unwrap();
    for mut responses in [output.into_inner(), duplex.into_inner()] {
        let response = responses.message().await.unwrap().unwrap();
        assert_eq!(size(response.payload), 5);
        assert_aborted(&responses.message().await.unwrap_err());
    }
}

#[tokio::test]
async fn the_payloads_of_a_client_stream_are_counted() {
    let requests = [27182, 8, 1828, 45904].map(|bytes| StreamingInputCallRequest {
        payload: Some(Payload {
            body: vec![0; bytes].into(),
            ..Payload::default()
        }),
        expect_compressed: None,
    });
    let requests = Streaming::from_iter(requests);
    let response = client().streaming_input_call(requests).await.unwrap();
    assert_eq!(response.into_inner().aggregated_payload_size, 74922);
}

/// Requests that are sent while responses are read.
fn channel() -> (
    mpsc::UnboundedSender<StreamingOutputCallRequest>,
    Streaming<StreamingOutputCallRequest>,
) {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let requests = futures_util::stream::poll_fn(move |cx| receiver.poll_recv(cx));
    (sender, Streaming::from_stream(requests.map(Ok)))
}

#[tokio::test]
async fn full_duplex_answers_each_request_before_the_next_one() {
    let (sender, requests) = channel();
    let responses = client().full_duplex_call(requests).await.unwrap();
    let mut responses = responses.into_inner();
    for bytes in [31415, 9, 2653] {
        sender.send(stream_of(&[(bytes, 0), (1, 0)])).unwrap();
        for expected in [bytes as usize, 1] {
            let response = responses.message().await.unwrap().unwrap();
            assert_eq!(size(response.payload), expected);
        }
    }
    drop(sender);
    assert_eq!(responses.message().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn half_duplex_answers_when_the_last_request_is_there() {
    let (sender, requests) = channel();
    let responses = client().half_duplex_call(requests).await.unwrap();
    let mut responses = responses.into_inner();
    sender.send(stream_of(&[(1, 0), (2, 0)])).unwrap();
    sender.send(stream_of(&[(3, 0)])).unwrap();
    // The paused clock goes on when there is nothing else to do.
    let early = tokio::time::timeout(Duration::from_secs(60), responses.message());
    assert!(early.await.is_err());
    drop(sender);
    assert_eq!(sizes(responses).await, [1, 2, 3]);
}

#[tokio::test]
async fn a_duplex_call_without_requests_has_no_responses() {
    let none = || Request::new(Streaming::from_iter([]));
    let full = client().full_duplex_call(none()).await.unwrap();
    let half = client().half_duplex_call(none()).await.unwrap();
    for responses in [full, half] {
        assert!(sizes(responses.into_inner()).await.is_empty());
    }
}

#[tokio::test]
async fn what_nobody_implements_is_unimplemented() {
    let method = client().unimplemented_call(Empty {}).await.unwrap_err();
    let service = UnimplementedServiceClient::new(interop::app());
    let service = service.unimplemented_call(Empty {}).await.unwrap_err();
    assert_eq!(
        [method.code(), service.code()],
        [Code::Unimplemented, Code::Unimplemented]
    );
}
