//! Serves one of the three, `before`, `after` or `together`, by name. An address can follow.

use from_tonic::{BoxError, after, before, together};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let (listener, url) = from_tonic::listen(args.get(1).map(String::as_str)).await?;
    println!("listening on {url}");
    match args.first().map(String::as_str) {
        Some("before") => before::serve(listener).await,
        Some("after") => after::serve(listener).await,
        Some("together") => together::serve(listener).await,
        _ => Err("say which: before, after or together".into()),
    }
}
