use hello_world::greeter_server::GreeterServer;

struct MyGreeter;

fn main() {
    GreeterServer::new(MyGreeter);
}
