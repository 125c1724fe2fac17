//! The slimmer's client: what one system has to report.

use grpcweb_runtime::client::Transport;
use grpcweb_runtime::{Code, Status};
use slimmer_grpc::main_client::MainClient;
use slimmer_grpc::{Activation, Ping, SystemEntity, SystemRun};

/// What came of a report.
#[derive(Debug, PartialEq, Eq)]
pub struct Report {
    /// What the server sent back for a ping.
    pub pong: String,
    /// The run that the server began.
    pub run_id: String,
    /// Whether the server took the activation.
    pub activated: bool,
    /// What the server said about an activation of a run that it does not know.
    pub refusal: String,
}

/// Pings, begins a run, reports an activation, and then one of a run that does not exist.
///
/// # Errors
///
/// The status of the first call that fails when it should not.
pub async fn report<T: Transport>(client: &MainClient<T>) -> Result<Report, Status> {
    let ping = Ping {
        message: "are you there?".into(),
    };
    let pong = client.ping(ping).await?.into_inner().message;

    let sensor = SystemEntity {
        category: "sensor".into(),
        name: "front door".into(),
        identity: "pir-1".into(),
    };
    let run = SystemRun {
        system_id: "house".into(),
        entities: vec![sensor.clone()],
    };
    let run_id = client.new_system_run(run).await?.into_inner().run_id;

    let activation = Activation {
        system_id: "house".into(),
        run_id: run_id.clone(),
        entity: Some(sensor),
    };
    let unknown = Activation {
        run_id: "no-such-run".into(),
        ..activation.clone()
    };
    let activated = client
        .new_activation(activation)
        .await?
        .into_inner()
        .success;
    let refusal = match client.new_activation(unknown).await {
        Err(status) if status.code() == Code::NotFound => status.message().to_owned(),
        Err(status) => return Err(status),
        Ok(_) => {
            return Err(Status::internal(
                "the server took an activation of an unknown run",
            ));
        }
    };
    Ok(Report {
        pong,
        run_id,
        activated,
        refusal,
    })
}
