//! Whether a server can take calls: `grpc.health.v1` for gRPC clients, load balancers and Kubernetes, and a
//! plain page for who asks over HTTP.
//!
//! ```
//! use grpcweb_runtime::Router;
//! use grpcweb_runtime::health::{HealthReporter, ServingStatus};
//! use hello_world::GREETER_SERVICE;
//!
//! let health = HealthReporter::new();
//! health.set(&GREETER_SERVICE, ServingStatus::Serving);
//! let router = Router::new().add_service(health.service());
//!
//! // Wherever it turns out that the service cannot go on:
//! health.set(&GREETER_SERVICE, ServingStatus::NotServing);
//! # let _ = router;
//! ```

mod generated;
mod probe;
mod reporter;
mod statuses;
mod watch;

/// The code generated from `grpc/health/v1/health.proto`: the messages, the client, and the server for those
/// who have statuses of their own.
///
/// ```no_run
/// use grpcweb_runtime::health::pb::HealthCheckRequest;
/// use grpcweb_runtime::health::pb::health_client::HealthClient;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let channel = grpcweb_runtime::Channel::new("http://127.0.0.1:8080")?;
/// let service = "helloworld.Greeter".to_string();
/// let reply = HealthClient::new(channel).check(HealthCheckRequest { service }).await?;
/// println!("{:?}", reply.get_ref().status());
/// # Ok(())
/// # }
/// ```
pub use generated::grpc::health::v1 as pb;

#[cfg(feature = "reflection")]
pub(crate) use generated::FILE_DESCRIPTOR_SET;

pub use pb::health_check_response::ServingStatus;
pub use probe::{HttpProbe, InFront, ProbeFuture};
pub use reporter::HealthReporter;
