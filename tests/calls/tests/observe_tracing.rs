//! Spans of calls, and the trace that goes through them.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use calls::proto::calls::Note;
use calls::proto::calls::notes_client::NotesClient;
use calls::proto::calls::notes_server::{Notes, NotesServer};
use calls::{AnyTransport, MyNotes, Server, note, over_with};
use grpcweb_runtime::client::{Client, Intercepted};
use grpcweb_runtime::observe::{TraceContext, Tracing};
use grpcweb_runtime::server::TrustedProxies;
use grpcweb_runtime::{Request, Response, ServerOptions, Status, Streaming};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const PARENT_ID: &str = "00f067aa0ba902b7";

type Fields = BTreeMap<String, String>;

/// A span that has closed.
#[derive(Debug, Clone, Default)]
struct Closed {
    fields: Fields,
    parent: Option<String>,
    events: Vec<(Level, Fields)>,
}

impl Closed {
    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

/// Keeps every span that closes.
#[derive(Clone, Default)]
struct Keep(Arc<Mutex<Vec<Closed>>>);

impl Keep {
    fn start(&self) -> DefaultGuard {
        tracing::subscriber::set_default(tracing_subscriber::registry().with(self.clone()))
    }

    fn take(&self) -> Vec<Closed> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

struct Into<'a>(&'a mut Fields);

impl Visit for Into<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Keep {
    /// What `h2` tells is not of interest.
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let target = metadata.target();
        target.starts_with("grpcweb_runtime") || target.starts_with(module_path!())
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        let mut closed = Closed::default();
        attributes.record(&mut Into(&mut closed.fields));
        closed.parent = span.parent().and_then(|parent| {
            let extensions = parent.extensions();
            let parent: &Closed = extensions.get()?;
            parent.fields.get("otel.name").cloned()
        });
        span.extensions_mut().insert(closed);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        let mut extensions = span.extensions_mut();
        let closed: &mut Closed = extensions.get_mut().unwrap();
        values.record(&mut Into(&mut closed.fields));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(span) = context.event_span(event) else {
            return;
        };
        let mut extensions = span.extensions_mut();
        let closed: &mut Closed = extensions.get_mut().unwrap();
        let mut fields = Fields::new();
        event.record(&mut Into(&mut fields));
        closed.events.push((*event.metadata().level(), fields));
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        let closed = span.extensions_mut().remove().unwrap();
        self.0.lock().unwrap().push(closed);
    }
}

fn traced(options: ServerOptions) -> ServerOptions {
    options.observer(Tracing::new())
}

#[tokio::test]
async fn a_call_is_a_span_with_the_names_of_opentelemetry() {
    let keep = Keep::default();
    let _guard = keep.start();
    let options = traced(ServerOptions::new());
    let (_server, clients) = over_with(&MyNotes::default(), options).await;
    for (name, client) in clients {
        client.echo(note("abc")).await.expect(name);
        let spans = keep.take();
        let [span] = spans.as_slice() else {
            panic!("{name}: {spans:?}");
        };
        for (field, value) in [
            ("otel.name", "calls.Notes/Echo"),
            ("otel.kind", "server"),
            ("rpc.system.name", "grpc"),
            ("rpc.method", "calls.Notes/Echo"),
            ("rpc.response.status_code", "OK"),
            ("error.type", ""),
            ("trace_id", ""),
        ] {
            assert_eq!(span.field(field), value, "{name}: {field}");
        }
        if !name.contains("in process") {
            assert_eq!(span.field("network.peer.address"), "127.0.0.1", "{name}");
            assert_eq!(span.field("client.address"), "127.0.0.1", "{name}");
        }
        let levels: Vec<_> = span.events.iter().map(|(level, _)| *level).collect();
        assert_eq!(levels, [Level::TRACE, Level::TRACE, Level::DEBUG], "{name}");
    }
}

#[tokio::test]
async fn behind_a_proxy_the_client_is_in_the_span_and_so_is_the_proxy() {
    let keep = Keep::default();
    let _guard = keep.start();
    let notes = NotesServer::new(MyNotes::default()).with_options(traced(ServerOptions::new()));
    let proxies = TrustedProxies::new(["127.0.0.0/8"]).unwrap();
    let app = proxies.in_front_of(notes);
    let server = Server::with(|listener| grpcweb_runtime::serve(listener, app)).await;
    let mut request = Request::new(note("abc"));
    let metadata = request.metadata_mut();
    metadata.insert("x-forwarded-for", "192.0.2.1").unwrap();
    let client = NotesClient::new(server.channel(false));
    client.echo(request).await.unwrap();
    let span = keep.take().pop().unwrap();
    assert_eq!(span.field("client.address"), "192.0.2.1");
    assert_eq!(span.field("network.peer.address"), "127.0.0.1");
}

#[tokio::test]
async fn what_the_server_is_to_blame_for_is_an_error_and_what_the_client_is_is_none() {
    let keep = Keep::default();
    let _guard = keep.start();
    let options = traced(ServerOptions::new());
    let (_server, clients) = over_with(&MyNotes::default(), options).await;
    for (name, client) in clients {
        client.echo(note("fail")).await.expect_err(name);
        let span = keep.take().pop().expect(name);
        let code = span.field("rpc.response.status_code");
        assert_eq!(code, "FAILED_PRECONDITION", "{name}");
        assert_eq!(span.field("otel.status_code"), "", "{name}");
        assert_eq!(span.events.last().expect(name).0, Level::DEBUG, "{name}");

        let mut request = Request::new(note("a"));
        request.metadata_mut().insert("scenario", "panic").unwrap();
        client.echo(request).await.expect_err(name);
        let span = keep.take().pop().expect(name);
        assert_eq!(span.field("rpc.response.status_code"), "INTERNAL", "{name}");
        assert_eq!(span.field("error.type"), "INTERNAL", "{name}");
        assert_eq!(span.field("otel.status_code"), "ERROR", "{name}");
        let (level, fields) = span.events.last().expect(name);
        assert_eq!(*level, Level::ERROR, "{name}");
        assert_eq!(fields.get("ending").map(String::as_str), Some("Panicked"));
    }
}

type TracedClient = NotesClient<Intercepted<AnyTransport>>;

/// Calls another server for each call.
struct Relay {
    next: TracedClient,
}

impl Notes for Relay {
    async fn echo(&self, request: Request<Note>) -> Result<Response<Note>, Status> {
        tracing::info!("relaying");
        self.next.echo(request.into_inner()).await
    }

    async fn repeat(&self, _: Request<Note>) -> Result<Response<Streaming<Note>>, Status> {
        Ok(Response::new(Streaming::from_iter([])))
    }

    async fn join(&self, _: Request<Streaming<Note>>) -> Result<Response<Note>, Status> {
        Ok(Response::new(note("")))
    }

    async fn chat(
        &self,
        request: Request<Streaming<Note>>,
    ) -> Result<Response<Streaming<Note>>, Status> {
        Ok(Response::new(request.into_inner()))
    }
}

/// A relay before the notes, both traced, with a tracing client between them.
fn relay(client: Tracing) -> NotesClient<NotesServer<Relay>> {
    let notes = NotesServer::new(MyNotes::default()).with_options(traced(ServerOptions::new()));
    let next = Client::new(AnyTransport::InProcess(notes)).with_interceptor(client);
    let relay = Relay {
        next: NotesClient::from(next),
    };
    NotesClient::new(NotesServer::new(relay).with_options(traced(ServerOptions::new())))
}

#[tokio::test]
async fn a_trace_goes_through_a_handler_to_the_calls_that_it_makes() {
    let keep = Keep::default();
    let _guard = keep.start();
    let mut request = Request::new(note("abc"));
    let metadata = request.metadata_mut();
    metadata.insert("traceparent", PARENT).unwrap();
    metadata.insert("tracestate", "a=1").unwrap();
    relay(Tracing::new()).echo(request).await.unwrap();

    let spans = keep.take();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let relayed = spans
        .iter()
        .find(|span| span.field("parent_id") == PARENT_ID);
    let relayed = relayed.expect("the relay knows its parent");
    assert_eq!(relayed.field("trace_id"), trace);
    assert!(
        relayed
            .events
            .iter()
            .any(|(_, fields)| fields.get("message").is_some_and(|text| text == "relaying")),
        "what a handler logs is in its span: {relayed:?}"
    );
    let client = spans
        .iter()
        .find(|span| span.field("otel.kind") == "client");
    let client = client.expect("a client has a span");
    assert_eq!(client.parent.as_deref(), Some("calls.Notes/Echo"));
    assert_eq!(client.field("rpc.response.status_code"), "OK");
    let child_of = |parent: &Closed, kind: &str| {
        let id = parent.field("span_id");
        assert_eq!(id.len(), 16, "{parent:?}");
        let child = spans.iter().find(|span| span.field("parent_id") == id);
        let child = child.expect("the trace goes on");
        assert_eq!(child.field("otel.kind"), kind);
        assert_eq!(child.field("trace_id"), trace);
        child.clone()
    };
    let called = child_of(relayed, "client");
    child_of(&called, "server");
}

#[tokio::test]
async fn a_call_without_a_trace_starts_none() {
    let keep = Keep::default();
    let _guard = keep.start();
    relay(Tracing::new()).echo(note("abc")).await.unwrap();
    let spans = keep.take();
    assert_eq!(spans.len(), 3, "{spans:?}");
    assert!(spans.iter().all(|span| span.field("trace_id").is_empty()));
}

#[tokio::test]
async fn a_clients_span_has_the_status_that_the_call_ended_with() {
    let keep = Keep::default();
    let _guard = keep.start();
    relay(Tracing::new()).echo(note("fail")).await.unwrap_err();
    let spans = keep.take();
    let client = spans
        .iter()
        .find(|span| span.field("otel.kind") == "client");
    let client = client.expect("a client has a span");
    assert_eq!(client.field("error.type"), "FAILED_PRECONDITION");
}

/// The id is of one who knows OpenTelemetry.
#[tokio::test]
async fn another_propagator_takes_the_place_of_the_own_one() {
    let extracted = Arc::new(Mutex::new(vec![]));
    let seen = Arc::clone(&extracted);
    let server = Tracing::new().extract_with(move |_, headers| {
        let id = headers.get("b3").map(|id| id.to_str().unwrap().to_owned());
        seen.lock().unwrap().push(id);
    });
    let client = Tracing::new().inject_with(|_, headers| {
        headers.insert("b3", http::HeaderValue::from_static("80f198ee56343ba8"));
    });
    let options = ServerOptions::new().observer(server);
    let notes = NotesServer::new(MyNotes::default()).with_options(options);
    let client = NotesClient::from(Client::new(notes).with_interceptor(client));
    let mut request = Request::new(note("a"));
    request.metadata_mut().insert("x-own", "kept").unwrap();
    client.echo(request).await.unwrap();
    assert_eq!(
        *extracted.lock().unwrap(),
        [Some("80f198ee56343ba8".to_owned())]
    );
}

#[tokio::test]
async fn a_task_that_a_handler_spawns_can_be_given_the_trace() {
    assert_eq!(TraceContext::current(), None);
    let (send, received) = tokio::sync::oneshot::channel();
    let send = Mutex::new(Some(send));
    let spawns = move |_: &'static grpcweb_runtime::MethodDescriptor, _: &mut Request<()>| {
        let trace = TraceContext::current().unwrap();
        let send = send.lock().unwrap().take().unwrap();
        tokio::spawn(trace.scope(async move {
            tokio::task::yield_now().await;
            let _ = send.send(TraceContext::current().map(|trace| trace.trace_id()));
        }));
        Ok::<_, Status>(())
    };
    let options = traced(ServerOptions::new()).interceptor(spawns);
    let notes = NotesServer::new(MyNotes::default()).with_options(options);
    let mut request = Request::new(note("a"));
    let metadata = request.metadata_mut();
    metadata.insert("traceparent", PARENT).unwrap();
    NotesClient::new(notes).echo(request).await.unwrap();
    assert_eq!(
        received.await.unwrap().as_deref(),
        Some("4bf92f3577b34da6a3ce929d0e0e4736")
    );
}
