use greeter::proto::helloworld::greeter_server::Greeter;
use greeter::proto::helloworld::{HelloReply, HelloRequest};
use grpcweb_runtime::{Request, Response, Status, Streaming};

use crate::sessions::User;

/// Greets on behalf of whoever is logged in.
pub(crate) struct SessionGreeter;

impl Greeter for SessionGreeter {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let user = user(&request)?;
        let message = format!("Hello, {}! {} says so.", request.get_ref().name, user.name);
        Ok(Response::new(HelloReply { message }))
    }

    async fn say_hello_slowly(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<Streaming<HelloReply>>, Status> {
        let name = user(&request)?.name.clone();
        let replies = ["Hello", "Hallo", "Bonjour"].map(|greeting| HelloReply {
            message: format!("{greeting}, {name}!"),
        });
        Ok(Response::new(Streaming::from_iter(replies)))
    }
}

/// The user that the layer around the application found.
fn user<T>(request: &Request<T>) -> Result<&User, Status> {
    let user = request.extensions().get();
    user.ok_or_else(|| Status::unauthenticated("log in first"))
}
