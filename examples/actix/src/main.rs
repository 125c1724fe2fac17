//! Serves the application. An address to serve on can be given; otherwise it is `127.0.0.1:8080`.

use std::io;
use std::net::TcpListener;

#[actix_web::main]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:8080"))?;
    println!("listening on http://{}", listener.local_addr()?);
    actix_example::serve(listener)?.await
}
