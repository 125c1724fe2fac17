use grpcweb_runtime::{Request, Response, Router, Status, Streaming};
use proto::hello::greeter_server::{Greeter, GreeterServer};
use proto::hello::{CountReply, CountRequest, HelloReply, HelloRequest};

mod proto {
    grpcweb_runtime::include_protos!();
}

struct MyGreeter;

impl Greeter for MyGreeter {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let name = request.into_inner().name;
        if name.is_empty() {
            return Err(Status::invalid_argument("the name is empty"));
        }
        let message = format!("Hello, {name}!");
        Ok(Response::new(HelloReply { message }))
    }

    async fn count_down(
        &self,
        request: Request<CountRequest>,
    ) -> Result<Response<Streaming<CountReply>>, Status> {
        let numbers = (0..=request.into_inner().from).rev();
        let replies = numbers.map(|number| CountReply { number });
        Ok(Response::new(Streaming::from_iter(replies)))
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let rpc = Router::new().add_service(GreeterServer::new(MyGreeter));
    let app = axum::Router::new()
        .route("/", axum::routing::get(|| async { "an ordinary page" }))
        .merge(rpc.into_axum_router());

    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    axum::serve(listener, app).await
}
