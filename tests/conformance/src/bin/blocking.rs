//! The blocking client under test. Makes the calls that it reads from the standard input, each on a thread,
//! and says on the standard output what became of them.

use std::sync::Arc;

use conformance::Error;
use conformance::client::{self, Channels, blocking};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let channels = Arc::new(Channels::default());
    client::run(move |case| {
        let channels = Arc::clone(&channels);
        async move { tokio::task::spawn_blocking(move || blocking::call(&case, &channels)).await? }
    })
    .await
}
