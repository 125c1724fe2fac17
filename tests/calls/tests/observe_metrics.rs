//! Calls that are counted.

use std::collections::BTreeMap;

use calls::proto::calls::notes_server::NotesServer;
use calls::{MyNotes, note, over_with};
use grpcweb_runtime::observe::Metrics;
use grpcweb_runtime::{Request, ServerOptions};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tower_service::Service as _;

const ECHO: &str = "rpc.method=calls.Notes/Echo";

/// What was recorded, by name and labels; of a histogram how many values.
fn recorded(snapshotter: &Snapshotter) -> BTreeMap<String, f64> {
    let values = snapshotter.snapshot().into_vec().into_iter();
    values
        .map(|(key, _, _, value)| {
            let key = key.key();
            let labels = key.labels().map(|l| format!("{}={}", l.key(), l.value()));
            let labels: Vec<_> = labels.collect();
            let value = match value {
                DebugValue::Counter(count) => f64::from(u32::try_from(count).unwrap()),
                DebugValue::Gauge(value) => value.into_inner(),
                DebugValue::Histogram(values) => f64::from(u32::try_from(values.len()).unwrap()),
            };
            (format!("{} {}", key.name(), labels.join(",")), value)
        })
        .collect()
}

/// The status of a gRPC-Web call is in its body, where no HTTP metrics see it.
#[tokio::test]
async fn calls_are_counted_by_method_and_by_the_status_that_they_ended_with() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let notes = MyNotes::default();
    let options = ServerOptions::new().observer(Metrics::new());
    let (_server, clients) = over_with(&notes, options).await;
    for (name, client) in clients {
        client.echo(note("a")).await.expect(name);
        client.echo(note("fail")).await.expect_err(name);
        let mut panics = Request::new(note("a"));
        panics.metadata_mut().insert("scenario", "panic").unwrap();
        client.echo(panics).await.expect_err(name);
        let ended =
            |labels: &str| format!("rpc.server.calls {ECHO},rpc.response.status_code={labels}");
        let took = |labels: &str| {
            format!("rpc.server.call.duration {ECHO},rpc.response.status_code={labels}")
        };
        let seen = recorded(&snapshotter);
        for (key, value) in [
            (format!("rpc.server.calls.started {ECHO}"), 3.0),
            (format!("rpc.server.calls.active {ECHO}"), 0.0),
            (ended("OK"), 1.0),
            (ended("FAILED_PRECONDITION"), 1.0),
            (ended("INTERNAL,error.type=INTERNAL"), 1.0),
            (took("OK"), 1.0),
            (took("FAILED_PRECONDITION"), 1.0),
            (took("INTERNAL,error.type=INTERNAL"), 1.0),
        ] {
            assert_eq!(seen.get(&key), Some(&value), "{name}: {key} in {seen:?}");
        }
    }
}

#[tokio::test]
async fn a_call_that_runs_is_active() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let notes = MyNotes::default();
    let options = ServerOptions::new().observer(Metrics::new());
    let (_server, clients) = over_with(&notes, options).await;
    for (name, client) in clients {
        let call = tokio::spawn({
            let client = client.clone();
            async move { client.echo(note("wait")).await }
        });
        notes.waits.notified().await;
        let active = format!("rpc.server.calls.active {ECHO}");
        assert_eq!(recorded(&snapshotter).get(&active), Some(&1.0), "{name}");
        notes.go_on.notify_one();
        call.await.expect(name).expect(name);
        // A snapshot takes with it what was there.
        assert_eq!(recorded(&snapshotter).get(&active), Some(&-1.0), "{name}");
    }
}

#[tokio::test]
async fn clients_make_no_labels() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let options = ServerOptions::new().observer(Metrics::new());
    let mut server = NotesServer::new(MyNotes::default()).with_options(options);
    for method in ["Shout", "Whisper"] {
        let request = http::Request::post(format!("/calls.Notes/{method}"))
            .header("content-type", "application/grpc-web+proto")
            .body(grpcweb_runtime::Body::empty())
            .unwrap();
        drop(server.call(request).await.unwrap());
    }
    let seen = recorded(&snapshotter);
    let other = "rpc.server.calls.started rpc.method=_OTHER";
    assert_eq!(seen.get(other), Some(&2.0), "{seen:?}");
    assert_eq!(seen.len(), 4, "{seen:?}");
}
