use grpcweb_runtime::{Request, Response, Status};
use hello_world::greeter_server::Greeter;
use hello_world::{HelloReply, HelloRequest};

struct MyGreeter;

impl Greeter for MyGreeter {
    async fn say_hello(&self, _: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        Ok(Response::new(HelloReply::default()))
    }
}

fn main() {}
