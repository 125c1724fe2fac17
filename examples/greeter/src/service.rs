use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use grpcweb_runtime::error_details::BadRequest;
use grpcweb_runtime::{Request, Response, Status, Streaming};

use crate::proto::helloworld::greeter_server::Greeter;
use crate::proto::helloworld::{HelloReply, HelloRequest};

const GREETINGS: [&str; 5] = ["Hello", "Hallo", "Bonjour", "Hola", "Ciao"];
const PAUSE: Duration = Duration::from_millis(400);

/// Greets politely, but only those who say their name.
#[derive(Debug)]
pub struct MyGreeter;

impl Greeter for MyGreeter {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let name = name_of(request)?;
        Ok(Response::new(HelloReply {
            message: format!("Hello, {name}!"),
        }))
    }

    async fn say_hello_slowly(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<Streaming<HelloReply>>, Status> {
        let name = name_of(request)?;
        let replies = stream::iter(GREETINGS).then(move |greeting| {
            let message = format!("{greeting}, {name}!");
            async {
                tokio::time::sleep(PAUSE).await;
                Ok(HelloReply { message })
            }
        });
        Ok(Response::new(Streaming::from_stream(replies)))
    }
}

fn name_of(request: Request<HelloRequest>) -> Result<String, Status> {
    let name = request.into_inner().name;
    if name.is_empty() {
        return Err(Status::invalid_argument("who is to be greeted?")
            .with_detail(&BadRequest::violation("name", "must not be empty")));
    }
    Ok(name)
}
