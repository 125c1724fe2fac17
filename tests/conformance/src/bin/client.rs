//! The client under test. Makes the calls that it reads from the standard input, and says on the standard
//! output what became of them.

use std::sync::Arc;

use conformance::Error;
use conformance::client::{self, Transports};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let transports = Arc::<Transports>::default();
    client::run(move |case| client::call(case, Arc::clone(&transports))).await
}
