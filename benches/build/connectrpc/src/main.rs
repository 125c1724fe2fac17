//! A server that greets, on connectrpc.

use std::error::Error;
use std::sync::Arc;

use connectrpc::{RequestContext, Response, Router, Server, ServiceRequest, ServiceResult};
use proto::hello::{Greeter, HelloReply, HelloRequest};
use tokio::net::TcpListener;

mod proto {
    connectrpc::include_generated!();
}

struct MyGreeter;

#[expect(refining_impl_trait, reason = "as its documentation writes it")]
impl Greeter for MyGreeter {
    async fn say_hello(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, HelloRequest>,
    ) -> ServiceResult<HelloReply> {
        Response::ok(HelloReply {
            message: format!("Hello, {}!", request.name),
            ..Default::default()
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let router = Router::new().add_service(Arc::new(MyGreeter));
    Server::from_listener(listener).serve(router).await?;
    Ok(())
}
