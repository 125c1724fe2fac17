//! Where a run takes place: a directory, an address, a certificate.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::{Fault, PATIENCE};

pub(crate) struct Site {
    directory: TempDir,
    /// All of 127.0.0.0/8 is this machine. With an address of its own, a run has all ports for itself: nginx
    /// cannot be asked to take any port, and a replica has to come back at the same one.
    pub(crate) ip: Ipv4Addr,
    pub(crate) certificate: String,
}

impl Site {
    pub(crate) fn new() -> Result<Self, Fault> {
        let directory = tempfile::Builder::new().prefix("proxies-").tempdir()?;
        let [_, a, b, c] = std::process::id().to_be_bytes();
        let ip = Ipv4Addr::new(127, 128 | a, b, c);
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed([ip.to_string()])?;
        let site = Self {
            directory,
            ip,
            certificate: cert.pem(),
        };
        site.write("server.pem", &site.certificate)?;
        site.write("server.key", &signing_key.serialize_pem())?;
        Ok(site)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> Result<PathBuf, Fault> {
        let path = self.path(name);
        // Moved to its place, so that who watches it never sees half of it.
        let new = self.path(&format!("{name}.new"));
        fs::write(&new, text)?;
        fs::rename(new, &path)?;
        Ok(path)
    }

    /// Waits until somebody listens at a port.
    pub(crate) async fn listens(&self, port: u16) -> Result<(), Fault> {
        let connected = async {
            while TcpStream::connect((self.ip, port)).await.is_err() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        let connected = timeout(PATIENCE, connected).await;
        connected.map_err(|_| format!("nobody listens at port {port}").into())
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }
}

/// Replaces what is in a file as often as `times`: a file that says something else is not the one that was
/// meant.
pub(crate) fn replace(text: &str, from: &str, to: &str, times: usize) -> Result<String, Fault> {
    let found = text.matches(from).count();
    if found != times {
        return Err(format!("{from:?} is there {found} times, not {times}").into());
    }
    Ok(text.replace(from, to))
}
