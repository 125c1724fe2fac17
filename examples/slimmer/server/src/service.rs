use std::sync::{Mutex, MutexGuard, PoisonError};

use grpcweb_runtime::error_details::BadRequest;
use grpcweb_runtime::{Request, Response, Status};
use slimmer_grpc::main_server::Main;
use slimmer_grpc::{Activation, ActivationResponse, Ping, Pong, SystemRun, SystemRunResponse};

use crate::store::{Refused, Store};

/// The service, over a store of its own.
#[derive(Debug, Default)]
pub struct Slimmer {
    store: Mutex<Store>,
}

impl Slimmer {
    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Main for Slimmer {
    async fn ping(&self, request: Request<Ping>) -> Result<Response<Pong>, Status> {
        let Ping { message } = request.into_inner();
        Ok(Response::new(Pong { message }))
    }

    async fn new_system_run(
        &self,
        request: Request<SystemRun>,
    ) -> Result<Response<SystemRunResponse>, Status> {
        let SystemRun {
            system_id,
            entities,
        } = request.into_inner();
        if system_id.is_empty() {
            return Err(missing("system_id"));
        }
        let run_id = self
            .store()
            .begin_run(system_id, entities)
            .map_err(|_| Status::resource_exhausted("too many runs are kept already"))?;
        Ok(Response::new(SystemRunResponse { run_id }))
    }

    async fn new_activation(
        &self,
        request: Request<Activation>,
    ) -> Result<Response<ActivationResponse>, Status> {
        let Activation {
            system_id,
            run_id,
            entity,
        } = request.into_inner();
        let entity = entity.ok_or_else(|| missing("entity"))?;
        self.store()
            .activate(&system_id, &run_id, entity)
            .map_err(|refused| match refused {
                Refused::UnknownRun => {
                    Status::not_found(format!("system {system_id:?} has no run {run_id:?}"))
                }
                Refused::Full => {
                    Status::resource_exhausted("too many activations of this run are kept already")
                }
            })?;
        Ok(Response::new(ActivationResponse { success: true }))
    }
}

fn missing(field: &str) -> Status {
    Status::invalid_argument(format!("{field} is missing"))
        .with_detail(&BadRequest::violation(field, "must be set"))
}
