//! One service moved over and one still on tonic, on one tonic server.

use grpcweb_runtime::Router;
use tokio::net::TcpListener;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use crate::after;
use crate::after::proto::helloworld::greeter_server::GreeterServer;
use crate::before::proto::parting_server::{Parting, PartingServer};
use crate::before::proto::{HelloReply, HelloRequest};

/// Still on tonic.
pub struct MyParting;

#[tonic::async_trait]
impl Parting for MyParting {
    async fn say_goodbye(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let message = format!("Goodbye, {}!", request.into_inner().name);
        Ok(Response::new(HelloReply { message }))
    }
}

/// Serves both. HTTP/1.1 is for the browsers that call the greeter.
pub async fn serve(listener: TcpListener) -> Result<(), crate::BoxError> {
    let moved = Router::new().add_service(GreeterServer::new(after::MyGreeter));
    let routes = Routes::new(PartingServer::new(MyParting))
        .into_axum_router()
        .merge(moved.into_axum_router());
    Server::builder()
        .accept_http1(true)
        .add_routes(Routes::from(routes))
        .serve_with_incoming(TcpIncoming::from(listener))
        .await?;
    Ok(())
}
