use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use super::Without;
use crate::process::Process;
use crate::site::{Site, replace};
use crate::{Fault, PATIENCE};

/// The files that users copy.
const FILE: &str = include_str!("../../../../examples/production/envoy/envoy.yaml");
const ENDPOINTS: &str = include_str!("../../../../examples/production/envoy/endpoints.yaml");

pub(crate) struct Envoy {
    process: Process,
}

impl Envoy {
    pub(super) async fn start(
        site: &Site,
        replicas: &[SocketAddr],
        without: &Without,
    ) -> Result<Self, Fault> {
        let config = site.write("envoy.yaml", &file(site, without)?)?;
        site.write("endpoints.yaml", &endpoints(replicas))?;
        let program = std::env::var_os("ENVOY").unwrap_or_else(|| "envoy".into());
        let mut command = Command::new(program);
        command.arg("--config-path").arg(config);
        command.args(["--concurrency", "2", "--disable-hot-restart"]);
        let mut process = Process::start("Envoy", &mut command)?;
        process.says("starting workers", 1).await?;
        // Its workers listen a moment later.
        for port in [8080, 8443] {
            site.listens(port).await?;
        }
        Ok(Self { process })
    }

    pub(super) async fn send_to(
        &mut self,
        site: &Site,
        replicas: &[SocketAddr],
    ) -> Result<(), Fault> {
        site.write("endpoints.yaml", &endpoints(replicas))?;
        Ok(())
    }

    pub(super) fn log(&self) -> String {
        self.process.log()
    }

    pub(super) async fn end(self) -> Result<(), Fault> {
        self.process.end().await?;
        Ok(())
    }
}

/// The file with the addresses of the run.
fn file(site: &Site, without: &Without) -> Result<String, Fault> {
    let Site { ip, .. } = site;
    let directory = site.directory().display();
    let listener = |port| format!("address: 0.0.0.0, port_value: {port} }}");
    let at = |port| format!("address: {ip}, port_value: {port} }}");
    let text = without.cut(FILE)?;
    let text = replace(&text, &listener(80), &at(8080), 1)?;
    let text = replace(&text, &listener(443), &at(8443), 1)?;
    let text = replace(
        &text,
        "address: 127.0.0.1, port_value: 9901 }",
        &at(9901),
        1,
    )?;
    let text = replace(&text, "/etc/envoy/tls/", &format!("{directory}/"), 2)?;
    replace(
        &text,
        "/etc/envoy/endpoints",
        &format!("{directory}/endpoints"),
        1,
    )
}

/// The file with these replicas in the place of its first.
fn endpoints(replicas: &[SocketAddr]) -> String {
    let mut text = String::new();
    for line in ENDPOINTS.lines() {
        if line.contains("address: 10.0.0.1, port_value: 8080 ") {
            for replica in replicas {
                let (ip, port) = (replica.ip(), replica.port());
                let address = format!("address: {ip}, port_value: {port} ");
                text += &line.replace("address: 10.0.0.1, port_value: 8080 ", &address);
                text.push('\n');
            }
        } else if !line.contains("address: 10.0.0.") {
            text += line;
            text.push('\n');
        }
    }
    text
}

/// Waits until its administration says that a replica failed the last health check.
pub(super) async fn sees_unhealthy(site: &Site, replica: SocketAddr) -> Result<(), Fault> {
    let flags = format!("::{replica}::health_flags::/failed_active_hc");
    let seen = async {
        while !clusters(site).await?.contains(&flags) {
            sleep(Duration::from_millis(50)).await;
        }
        Ok::<(), Fault>(())
    };
    let seen = timeout(PATIENCE, seen).await;
    seen.map_err(|_| format!("Envoy takes {replica} for healthy"))?
}

async fn clusters(site: &Site) -> Result<String, Fault> {
    let mut stream = TcpStream::connect((site.ip, 9901)).await?;
    let request = format!(
        "GET /clusters HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
        site.ip
    );
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    Ok(response)
}
