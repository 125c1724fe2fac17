//! Code that sees calls before their handlers do.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use calls::proto::calls::Note;
use calls::proto::calls::notes_client::NotesClient;
use calls::proto::calls::notes_server::NotesServer;
use calls::{MyNotes, note, over_with};
use grpcweb_runtime::server::Interceptor;
use grpcweb_runtime::{
    Code, MethodDescriptor, Request, Response, Router, ServerOptions, Status, Streaming,
};

type Seen = Arc<Mutex<Vec<String>>>;

/// Notes what it sees, with its name.
struct Named(&'static str, Seen);

impl Interceptor for Named {
    async fn intercept(
        &self,
        method: &'static MethodDescriptor,
        _: &mut Request<()>,
    ) -> Result<(), Status> {
        tokio::task::yield_now().await;
        self.1
            .lock()
            .unwrap()
            .push(format!("{} {}", self.0, method.path));
        Ok(())
    }
}

/// Lets those pass who know the word, and tells the handler.
struct Guard;

impl Interceptor for Guard {
    async fn intercept(
        &self,
        _: &'static MethodDescriptor,
        request: &mut Request<()>,
    ) -> Result<(), Status> {
        tokio::task::yield_now().await;
        if request.metadata().get("authorization") != Some("Bearer abc") {
            let mut status = Status::unauthenticated("log in first");
            status.metadata_mut().insert("x-realm", "notes")?;
            return Err(status);
        }
        request.metadata_mut().insert("x-initial", "alice")?;
        Ok(())
    }
}

fn with_word<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", "Bearer abc")
        .unwrap();
    request
}

/// Why a call has no stream.
async fn refusal(called: Result<Response<Streaming<Note>>, Status>) -> Option<Status> {
    match called {
        Ok(response) => response.into_inner().message().await.err(),
        Err(status) => Some(status),
    }
}

#[tokio::test]
async fn a_call_of_every_kind_is_refused_or_let_pass() {
    let notes = MyNotes::default();
    let options = ServerOptions::new().interceptor(Guard);
    let (_server, clients) = over_with(&notes, options).await;
    for (name, client) in clients {
        let refusals = [
            client.echo(note("a")).await.err(),
            refusal(client.repeat(note("a")).await).await,
            client.join(Streaming::from_iter([note("a")])).await.err(),
            refusal(client.chat(Streaming::from_iter([note("a")])).await).await,
        ];
        for refusal in refusals {
            let status = refusal.expect(name);
            assert_eq!(status.code(), Code::Unauthenticated, "{name}");
            assert_eq!(status.message(), "log in first", "{name}");
            assert_eq!(status.metadata().get("x-realm"), Some("notes"), "{name}");
        }

        let echoed = client.echo(with_word(note("a"))).await.expect(name);
        assert_eq!(echoed.metadata().get("x-initial"), Some("alice"), "{name}");
        let texts = Streaming::from_iter([note("a"), note("b")]);
        let joined = client.join(with_word(texts)).await.expect(name);
        assert_eq!(joined.get_ref().text, "ab", "{name}");
        let texts = Streaming::from_iter([note("a")]);
        let chat = client.chat(with_word(texts)).await.expect(name);
        let reply = chat.into_inner().message().await.expect(name);
        assert_eq!(reply.expect(name).text, "a", "{name}");
    }
}

#[tokio::test]
async fn those_of_the_router_come_before_those_of_the_service_and_of_the_method() {
    let seen = Seen::default();
    let named = |name| Named(name, Arc::clone(&seen));
    let service = NotesServer::new(MyNotes::default()).with_options(
        ServerOptions::new()
            .method("Echo", ServerOptions::new().interceptor(named("method")))
            .interceptor(named("service")),
    );
    let router = Router::new().add_service(service).with_options(
        ServerOptions::new()
            .interceptor(named("router"))
            .interceptor(named("router, second")),
    );
    let client = NotesClient::new(router);
    client.echo(note("a")).await.unwrap();
    assert_eq!(
        std::mem::take(&mut *seen.lock().unwrap()),
        [
            "router /calls.Notes/Echo",
            "router, second /calls.Notes/Echo",
            "service /calls.Notes/Echo",
            "method /calls.Notes/Echo",
        ]
    );
    client.join(Streaming::from_iter([])).await.unwrap();
    assert_eq!(
        *seen.lock().unwrap(),
        [
            "router /calls.Notes/Join",
            "router, second /calls.Notes/Join",
            "service /calls.Notes/Join",
        ]
    );
}

#[tokio::test]
async fn what_refuses_a_call_keeps_the_next_ones_from_seeing_it() {
    fn refuse(_: &'static MethodDescriptor, _: &mut Request<()>) -> Result<(), Status> {
        Err(Status::permission_denied("closed today"))
    }
    let seen = Seen::default();
    let options = ServerOptions::new()
        .interceptor(refuse)
        .interceptor(Named("second", Arc::clone(&seen)));
    let client = NotesClient::new(NotesServer::new(MyNotes::default()).with_options(options));
    let status = client.echo(note("a")).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert!(seen.lock().unwrap().is_empty());
}

/// Otherwise a check that was set would be lost in silence.
#[tokio::test]
async fn options_that_are_set_later_leave_those_that_they_do_not_set() {
    let seen = Seen::default();
    let named = |name| ServerOptions::new().interceptor(Named(name, Arc::clone(&seen)));
    let service = NotesServer::new(MyNotes::default())
        .with_options(ServerOptions::new().method("Echo", named("method")))
        .with_options(named("service").timeout(Duration::from_secs(10)));
    let router = Router::new()
        .with_options(named("router").max_decoding_message_size(2))
        .with_options(ServerOptions::new().timeout(Duration::from_secs(10)))
        .add_service(service);
    let status = NotesClient::new(router)
        .echo(note("abc"))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    let names = ["router", "service", "method"];
    assert_eq!(
        *seen.lock().unwrap(),
        names.map(|name| format!("{name} /calls.Notes/Echo"))
    );
}

#[tokio::test]
async fn one_that_waits_for_ever_is_ended_by_the_deadline() {
    struct Stuck;

    impl Interceptor for Stuck {
        async fn intercept(
            &self,
            _: &'static MethodDescriptor,
            request: &mut Request<()>,
        ) -> Result<(), Status> {
            assert!(request.deadline().is_some());
            pending().await
        }
    }

    let options = ServerOptions::new()
        .timeout(Duration::from_millis(20))
        .interceptor(Stuck);
    let (_server, clients) = over_with(&MyNotes::default(), options).await;
    for (name, client) in clients {
        let status = client.echo(note("a")).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{name}");
    }
}

#[tokio::test]
async fn one_that_panics_fails_the_call_and_nothing_else() {
    fn panic_once(_: &'static MethodDescriptor, request: &mut Request<()>) -> Result<(), Status> {
        assert!(request.metadata().get("scenario").is_none(), "swordfish");
        Ok(())
    }
    let options = ServerOptions::new().interceptor(panic_once);
    let (_server, clients) = over_with(&MyNotes::default(), options).await;
    for (name, client) in clients {
        let mut request = Request::new(note("a"));
        request.metadata_mut().insert("scenario", "panic").unwrap();
        let status = client.echo(request).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal, "{name}");
        assert!(!status.message().contains("swordfish"), "{name}");
        client.echo(note("a")).await.expect(name);
    }
}
