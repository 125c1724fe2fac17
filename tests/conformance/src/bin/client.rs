//! The client under test. Makes the calls that it reads from the standard input, and says on the standard
//! output what became of them.

use std::sync::Arc;

use conformance::Error;
use conformance::client::{self, Channels, nonblocking};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let channels = Arc::new(Channels::default());
    client::run(move |case| nonblocking::call(case, Arc::clone(&channels))).await
}
