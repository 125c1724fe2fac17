//! Sockets of our own, with errors that say what to do.

use std::fmt::Debug;
use std::io;

use tokio::net::{TcpListener, ToSocketAddrs};

/// Listens on an address, as `127.0.0.1:8080`, or `[::]:8080` for every address of the machine.
///
/// # Errors
///
/// Where that is not possible, with the address and what can be done.
pub async fn bind(address: impl ToSocketAddrs + Debug) -> io::Result<TcpListener> {
    let bound = TcpListener::bind(&address).await;
    bound.map_err(|error| {
        let remedy = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "another program listens there, perhaps this one, started before: end it, or take another \
                 port"
            }
            io::ErrorKind::AddrNotAvailable => {
                "this machine does not have the address: take one that it has, or 0.0.0.0 or [::] for all"
            }
            io::ErrorKind::PermissionDenied => {
                "ports below 1024 are for the administrator on many systems: take a higher one"
            }
            io::ErrorKind::InvalidInput => "an address is like 127.0.0.1:8080",
            _ => "",
        };
        explained(&format!("{address:?}"), &error, remedy)
    })
}

/// Listens on a Unix socket, which is a file. One that an earlier run has left behind, and that nobody listens
/// on, is removed first.
///
/// # Errors
///
/// Where that is not possible, with the path and what can be done.
#[cfg(unix)]
pub async fn bind_unix(path: impl AsRef<std::path::Path>) -> io::Result<tokio::net::UnixListener> {
    use tokio::net::{UnixListener, UnixStream};

    let path = path.as_ref();
    let mut bound = UnixListener::bind(path);
    let is_taken = |error: &io::Error| error.kind() == io::ErrorKind::AddrInUse;
    if bound.as_ref().is_err_and(is_taken) {
        // Where the file is no socket, this is another error, and the file stays.
        let reached = UnixStream::connect(path).await;
        let is_left_behind = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
        if reached.is_err_and(|error| is_left_behind(&error)) && is_socket(path) {
            std::fs::remove_file(path)?;
            bound = UnixListener::bind(path);
        }
    }
    bound.map_err(|error| {
        let remedy = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "another program listens there, or it is a file of another kind: end the one, or take \
                 another path"
            }
            io::ErrorKind::NotFound => "make its directory first",
            io::ErrorKind::PermissionDenied => "take a directory that this program may write to",
            _ => "",
        };
        explained(&path.display().to_string(), &error, remedy)
    })
}

#[cfg(unix)]
fn is_socket(path: &std::path::Path) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
}

fn explained(place: &str, error: &io::Error, remedy: &str) -> io::Error {
    let colon = if remedy.is_empty() { "" } else { ": " };
    let message = format!("cannot listen on {place}: {error}{colon}{remedy}");
    io::Error::new(error.kind(), message)
}
