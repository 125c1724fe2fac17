use std::sync::Arc;

use super::pb::health_server::{Health, HealthServer};
use super::pb::{HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse};
use super::statuses::Statuses;
use super::watch::Watch;
use super::{HttpProbe, ServingStatus};
use crate::service_name::ServiceName;
use crate::{Request, Response, ServerOptions, Status, Streaming};

/// The length of a request: a name, which a `Watch` keeps as long as it runs.
const LONGEST_REQUEST: usize = 4 * 1024;

/// Says how the services of a server are: see the [module](super).
///
/// Its clones say it of the same server. The server as a whole has the name `""`, and serves unless it is
/// said that it does not; any other service is unknown until its status is set.
#[derive(Debug, Clone)]
pub struct HealthReporter {
    statuses: Arc<Statuses>,
}

impl Default for HealthReporter {
    fn default() -> Self {
        Self::new()
    }
}

impl HealthReporter {
    /// A server that serves, and of whose services nothing is known.
    #[must_use]
    pub fn new() -> Self {
        let statuses = Arc::new(Statuses::default());
        statuses.set("", ServingStatus::Serving);
        Self { statuses }
    }

    /// `grpc.health.v1.Health`, for a [`Router`](crate::Router) or alone.
    ///
    /// `Watch` ends with `UNAVAILABLE`, after `NOT_SERVING`, when [`shut_down`](Self::shut_down) is called or
    /// `serve` shuts down, so that it holds nothing up. A timeout of the router does not end it. Requests have
    /// 4 KiB at the most. `with_options` of what is returned adds to these options: both stay unless it sets
    /// something else.
    #[must_use]
    pub fn service(&self) -> HealthServer<Self> {
        let for_ever = ServerOptions::new().timeout(None);
        let options = ServerOptions::new()
            .max_decoding_message_size(LONGEST_REQUEST)
            .method("Watch", for_ever);
        HealthServer::new(self.clone()).with_options(options)
    }

    /// What answers `GET` with 200 while the server serves, and with 503 otherwise.
    #[must_use]
    pub fn http_probe(&self) -> HttpProbe {
        HttpProbe::new(Arc::clone(&self.statuses))
    }

    /// Sets the status of a service. `ServiceUnknown` forgets it.
    ///
    /// Does nothing between [`shut_down`](Self::shut_down) and [`resume`](Self::resume).
    pub fn set(&self, service: impl ServiceName, status: ServingStatus) {
        self.statuses.set(service.service_name(), status);
    }

    /// The status of a service; `ServiceUnknown` where none was set.
    pub fn get(&self, service: impl ServiceName) -> ServingStatus {
        let status = self.statuses.get(service.service_name());
        status.unwrap_or(ServingStatus::ServiceUnknown)
    }

    /// Says that nothing serves any more, whatever is set afterwards: for the beginning of a shutdown, so that
    /// clients go elsewhere while calls that are running end. Those that watch are told, and their calls end.
    pub fn shut_down(&self) {
        self.statuses.set_all(ServingStatus::NotServing, true);
    }

    /// Takes [`shut_down`](Self::shut_down) back: all services serve.
    pub fn resume(&self) {
        self.statuses.set_all(ServingStatus::Serving, false);
    }
}

impl Health for HealthReporter {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let status = self.statuses.get(&request.get_ref().service);
        let status = status.ok_or_else(|| Status::not_found("unknown service"))?;
        Ok(Response::new(HealthCheckResponse {
            status: status.into(),
        }))
    }

    async fn list(
        &self,
        _: Request<HealthListRequest>,
    ) -> Result<Response<HealthListResponse>, Status> {
        let statuses = self.statuses.all().into_iter();
        let statuses = statuses
            .map(|(name, status)| {
                let status = status.into();
                (name, HealthCheckResponse { status })
            })
            .collect();
        Ok(Response::new(HealthListResponse { statuses }))
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Streaming<HealthCheckResponse>>, Status> {
        let cancelled = request.cancelled();
        let service = request.into_inner().service.into();
        let watch = Watch::new(Arc::clone(&self.statuses), service, cancelled);
        Ok(Response::new(Streaming::from_stream(watch)))
    }
}
