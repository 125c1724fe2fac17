use std::future::Future;
use std::sync::Arc;

use tokio::io::Stdout;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;

use crate::Error;
use crate::v1::client_compat_response::Result as Outcome;
use crate::v1::{
    ClientCompatRequest, ClientCompatResponse, ClientErrorResult, ClientResponseResult,
};

/// How many calls are made at a time. The suite sends as many as are read, and times them.
const CALLS: usize = 16;

/// Reads calls from the standard input to its end, lets `call` make them, and writes what became of each
/// to the standard output, in the order in which they end.
///
/// # Errors
///
/// Those of the standard streams.
pub async fn run<F>(
    call: impl Fn(ClientCompatRequest) -> F + Clone + Send + 'static,
) -> Result<(), Error>
where
    F: Future<Output = Result<ClientResponseResult, Error>> + Send + 'static,
{
    let mut requests = tokio::io::stdin();
    let responses = Arc::new(Mutex::new(tokio::io::stdout()));
    let places = Arc::new(Semaphore::new(CALLS));
    let mut calls = JoinSet::new();
    while let Some(request) = crate::read::<ClientCompatRequest>(&mut requests).await? {
        let place = Arc::clone(&places).acquire_owned().await?;
        let test_name = request.test_name.clone();
        let (call, responses) = (call(request), Arc::clone(&responses));
        calls.spawn(async move {
            let response = response(test_name, call.await);
            drop(place);
            write(&responses, &response).await
        });
        while let Some(done) = calls.try_join_next() {
            done??;
        }
    }
    while let Some(done) = calls.join_next().await {
        done??;
    }
    Ok(())
}

async fn write(to: &Mutex<Stdout>, response: &ClientCompatResponse) -> Result<(), Error> {
    crate::write(&mut *to.lock().await, response).await?;
    Ok(())
}

fn response(
    test_name: String,
    outcome: Result<ClientResponseResult, Error>,
) -> ClientCompatResponse {
    let outcome = match outcome {
        Ok(response) => Outcome::Response(response),
        Err(error) => Outcome::Error(ClientErrorResult {
            message: error.to_string(),
        }),
    };
    ClientCompatResponse {
        test_name,
        result: Some(outcome),
    }
}
