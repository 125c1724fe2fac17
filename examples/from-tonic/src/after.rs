//! The greeter moved over, with browsers served by itself.

use futures_util::stream;
use grpcweb_runtime::{Request, Response, Router, Status, Streaming};
use tokio::net::TcpListener;

use proto::helloworld::greeter_server::{Greeter, GreeterServer};
use proto::helloworld::{HelloReply, HelloRequest};

pub mod proto {
    grpcweb_runtime::include_protos!();
}

pub struct MyGreeter;

impl Greeter for MyGreeter {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let name = request.into_inner().name;
        if name.is_empty() {
            return Err(Status::invalid_argument("who is to be greeted?"));
        }
        let message = format!("Hello, {name}!");
        Ok(Response::new(HelloReply { message }))
    }

    async fn say_hello_slowly(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<Streaming<HelloReply>>, Status> {
        let name = request.into_inner().name;
        let replies = ["Hello", "Hallo", "Bonjour"].map(|greeting| {
            let message = format!("{greeting}, {name}!");
            Ok(HelloReply { message })
        });
        Ok(Response::new(Streaming::from_stream(stream::iter(replies))))
    }
}

pub async fn serve(listener: TcpListener) -> Result<(), crate::BoxError> {
    let rpc = Router::new().add_service(GreeterServer::new(MyGreeter));
    grpcweb_runtime::serve(listener, rpc).await?;
    Ok(())
}
