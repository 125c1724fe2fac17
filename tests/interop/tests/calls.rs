//! Asking how far a call has come.

use std::convert::Infallible;

use grpcweb_runtime::{Body, Request};
use http::StatusCode;
use interop::CALL_ID;
use interop::proto::grpc::testing::test_service_client::TestServiceClient;
use interop::proto::grpc::testing::{ResponseParameters, StreamingOutputCallRequest};
use tower_service::Service as _;

/// The answer of `/calls/{id}/{state}`.
async fn ask(app: &axum::Router, resource: &str) -> StatusCode {
    let mut request = http::Request::new(Body::empty());
    *request.uri_mut() = format!("/calls/{resource}").parse().unwrap();
    let response = app.clone().call(request).await;
    response
        .unwrap_or_else(|never: Infallible| match never {})
        .status()
}

/// A call by that id, with a message at once and one an hour later.
fn waiting(id: &str) -> Request<StreamingOutputCallRequest> {
    let parameters = |interval_us| ResponseParameters {
        interval_us,
        ..ResponseParameters::default()
    };
    let mut request = Request::new(StreamingOutputCallRequest {
        response_parameters: [0, i32::MAX].map(parameters).into(),
        ..StreamingOutputCallRequest::default()
    });
    request.metadata_mut().insert(CALL_ID, id).unwrap();
    request
}

#[tokio::test(start_paused = true)]
async fn a_call_runs_and_ends() {
    let app = interop::app();
    let client = TestServiceClient::new(app.clone());
    let responses = client.streaming_output_call(waiting("a")).await.unwrap();
    assert_eq!(ask(&app, "a/running").await, StatusCode::OK);
    assert_eq!(ask(&app, "a/ended").await, StatusCode::REQUEST_TIMEOUT);
    let mut responses = responses.into_inner();
    while responses.message().await.unwrap().is_some() {}
    assert_eq!(ask(&app, "a/ended").await, StatusCode::OK);
    assert_eq!(ask(&app, "a/cancelled").await, StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_was_cancelled() {
    let app = interop::app();
    let client = TestServiceClient::new(app.clone());
    let responses = client.streaming_output_call(waiting("a")).await.unwrap();
    let mut responses = responses.into_inner();
    assert!(responses.message().await.unwrap().is_some());
    drop(responses);
    assert_eq!(ask(&app, "a/cancelled").await, StatusCode::OK);
    assert_eq!(ask(&app, "b/cancelled").await, StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test]
async fn there_are_no_other_states() {
    let app = interop::app();
    assert_eq!(ask(&app, "a/forgotten").await, StatusCode::NOT_FOUND);
}
