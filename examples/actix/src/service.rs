use grpcweb_runtime::{Request, Response, Status, Streaming};

use crate::proto::helloworld::greeter_server::Greeter;
use crate::proto::helloworld::{HelloReply, HelloRequest};

/// Greets politely, and tells where from.
pub(crate) struct MyGreeter;

impl Greeter for MyGreeter {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let from = request.client_ip();
        let name = request.into_inner().name;
        if name.is_empty() {
            return Err(Status::invalid_argument("who is to be greeted?"));
        }
        let from = from.map_or_else(|| "nowhere".to_owned(), |ip| ip.to_string());
        let message = format!("Hello, {name} from {from}!");
        Ok(Response::new(HelloReply { message }))
    }

    async fn say_hello_slowly(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<Streaming<HelloReply>>, Status> {
        let name = request.into_inner().name;
        let replies = ["Hello", "Hallo", "Bonjour"].map(|greeting| HelloReply {
            message: format!("{greeting}, {name}!"),
        });
        Ok(Response::new(Streaming::from_iter(replies)))
    }
}
