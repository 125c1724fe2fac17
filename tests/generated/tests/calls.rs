//! Services with hard names, called.

use generated::bare::Group;
use generated::names::Option as Message;
use generated::names::services::methods_client::MethodsClient;
use generated::names::services::option_client::OptionClient;
use generated::names::services::option_server::{Option as Service, OptionServer};
use generated::root_client::RootClient;
use generated::root_server::{Root, RootServer};
use generated::twice::same_client::SameClient;
use generated::twice::same_server::{Same, SameServer};
use generated::twice::{M2, M3};
use generated::{Bare, ROOT_SERVICE};
use grpcweb_runtime::{Request, Response, Status, Streaming};

struct Mine;

impl Same for Mine {
    async fn get_foo(&self, _: Request<M2>) -> Result<Response<M3>, Status> {
        Ok(Response::new(M3::default()))
    }

    async fn get_foo2(&self, request: Request<M3>) -> Result<Response<M2>, Status> {
        let kind = request.into_inner().kind;
        Ok(Response::new(M2 {
            kind,
            ..M2::default()
        }))
    }

    async fn getfoo(&self, _: Request<M2>) -> Result<Response<M2>, Status> {
        Err(Status::aborted("getfoo"))
    }
}

impl Service for Mine {
    async fn option(
        &self,
        request: Request<Message>,
    ) -> Result<Response<Streaming<Message>>, Status> {
        Ok(Response::new(Streaming::from_iter([request.into_inner()])))
    }
}

#[tokio::test]
async fn methods_that_were_one_in_rust_are_told_apart_on_the_wire() {
    let client = SameClient::new(SameServer::new(Mine));
    client.get_foo(M2::default()).await.unwrap();
    let m = M3 {
        kind: Some(0),
        ..M3::default()
    };
    assert_eq!(client.get_foo2(m).await.unwrap().get_ref().kind, Some(0));
    let status = client.getfoo(M2::default()).await.unwrap_err();
    assert_eq!(status.message(), "getfoo");
}

#[tokio::test]
async fn a_service_named_as_a_type_of_the_prelude_is_called() {
    let client = OptionClient::new(OptionServer::new(Mine));
    let request = Message {
        some: "thing".into(),
    };
    let mut reply = client.option(request.clone()).await.unwrap().into_inner();
    assert_eq!(reply.message().await.unwrap(), Some(request));
}

#[test]
fn the_constructor_gives_way_to_a_method_named_new() {
    let transport = OptionServer::new(Mine);
    let client = MethodsClient::new_(transport.clone());
    drop(client.new(Message::default()));
    drop(client.clone(Message::default()));
    drop(client.from(Message::default()));
}

/// A service whose package has no name.
struct NoPackage;

impl Root for NoPackage {
    async fn get(&self, request: Request<Bare>) -> Result<Response<Group>, Status> {
        let data = request.into_inner().text.map(String::into_bytes);
        Ok(Response::new(Group { data }))
    }
}

#[tokio::test]
async fn a_service_without_a_package_is_called() {
    assert_eq!(ROOT_SERVICE.methods[0].path, "/Root/Get");
    let client = RootClient::new(RootServer::new(NoPackage));
    let request = Bare {
        text: Some("a".into()),
        ..Bare::default()
    };
    let reply = client.get(request).await.unwrap();
    assert_eq!(reply.get_ref().data.as_deref(), Some(&b"a"[..]));
}
