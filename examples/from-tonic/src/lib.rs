//! A service on tonic, the same moved over, and both on one server.

pub mod after;
pub mod before;
pub mod together;

use tokio::net::TcpListener;

/// What a server that cannot go on says.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A listener and its URL. The address can be given to the program; otherwise it is `127.0.0.1:8080`.
///
/// # Errors
///
/// Where it is no address, or in use.
pub async fn listen(address: Option<&str>) -> std::io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind(address.unwrap_or("127.0.0.1:8080")).await?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}
