//! A server that greets, on grpcweb.

use std::io;

use grpcweb_runtime::{Request, Response, Router, Status};
use proto::hello::greeter_server::{Greeter, GreeterServer};
use proto::hello::{HelloReply, HelloRequest};
use tokio::net::TcpListener;

mod proto {
    grpcweb_runtime::include_protos!();
}

struct MyGreeter;

impl Greeter for MyGreeter {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let message = format!("Hello, {}!", request.get_ref().name);
        Ok(Response::new(HelloReply { message }))
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let router = Router::new().add_service(GreeterServer::new(MyGreeter));
    grpcweb_runtime::serve(listener, router).await
}
