//! The greeter in an actix-web application.

pub mod adapter;
mod service;

/// The code generated from `helloworld.proto`.
pub mod proto {
    grpcweb_runtime::include_protos!();
}

use std::io;
use std::net::TcpListener;

use actix_web::dev::Server;
use actix_web::{App, HttpResponse, HttpServer, web};
use grpcweb_runtime::Router;

use proto::helloworld::greeter_server::GreeterServer;

/// The application, to be awaited: a page, and the greeter beside it.
pub fn serve(listener: TcpListener) -> io::Result<Server> {
    let rpc = Router::new().add_service(GreeterServer::new(service::MyGreeter));
    let server = HttpServer::new(move || {
        App::new()
            .route("/", web::get().to(async || "an ordinary page"))
            .configure(adapter::routes(rpc.clone()))
            .default_service(web::to(async || {
                HttpResponse::NotFound().body("no such page")
            }))
    });
    Ok(server.workers(2).listen(listener)?.run())
}
