//! What the options of methods say about making a call again.

// The service with these options is deprecated too.
#![allow(deprecated)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use generated::old;
use generated::old::old_client::OldClient;
use generated::old::old_server::{Old, OldServer};
use generated::twice::same_client::SameClient;
use generated::twice::same_server::{Same, SameServer};
use generated::twice::{M2, M3};
use grpcweb_runtime::client::{Client, RetryPolicy};
use grpcweb_runtime::{Request, Response, Status};

/// Fails every call, and counts them.
#[derive(Clone, Default)]
struct Fails(Arc<AtomicUsize>);

impl Old for Fails {
    async fn get(&self, _: Request<old::Message>) -> Result<Response<old::Message>, Status> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(Status::unavailable("try again"))
    }

    async fn set(&self, request: Request<old::Message>) -> Result<Response<old::Message>, Status> {
        self.get(request).await
    }
}

impl Same for Fails {
    async fn get_foo(&self, _: Request<M2>) -> Result<Response<M3>, Status> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(Status::unavailable("try again"))
    }

    async fn get_foo2(&self, _: Request<M3>) -> Result<Response<M2>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn getfoo(&self, _: Request<M2>) -> Result<Response<M2>, Status> {
        Err(Status::unimplemented("not here"))
    }
}

#[tokio::test]
async fn what_the_file_says_may_be_repeated_is_and_nothing_else() {
    let brief = Duration::from_millis(1);
    let policy = RetryPolicy::new().max_attempts(3).backoff(brief, brief);
    let (old, same) = (Fails::default(), Fails::default());
    let client = Client::new(OldServer::new(old.clone())).retry(policy.clone());
    let client = OldClient::from(client);
    client.get(old::Message::default()).await.unwrap_err();
    assert_eq!(old.0.swap(0, Ordering::SeqCst), 3, "no side effects");
    client.set(old::Message::default()).await.unwrap_err();
    assert_eq!(old.0.load(Ordering::SeqCst), 3, "idempotent");

    let client = Client::new(SameServer::new(same.clone())).retry(policy);
    let call = SameClient::from(client).get_foo(M2::default()).await;
    call.unwrap_err();
    assert_eq!(same.0.load(Ordering::SeqCst), 1, "nothing is said");
}
