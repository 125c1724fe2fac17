use std::net::SocketAddr;

use rustix::process::Signal;
use tokio::process::Command;

use super::Without;
use crate::Fault;
use crate::process::Process;
use crate::site::{Site, replace};

/// The file that users copy.
const FILE: &str = include_str!("../../../../examples/production/nginx/grpcweb.conf");

/// What nginx says once it serves with a new configuration.
const WORKER_STARTED: &str = "start worker process ";

const WORKERS: usize = 2;

pub(crate) struct Nginx {
    process: Process,
    without: Without,
}

impl Nginx {
    pub(super) async fn start(
        site: &Site,
        replicas: &[SocketAddr],
        without: &Without,
    ) -> Result<Self, Fault> {
        let directory = site.directory().display();
        site.write("grpcweb.conf", &file(site, replicas, without)?)?;
        // What Debian's own nginx.conf sets, at places of the run.
        let main = format!(
            "user root;
             worker_processes {WORKERS};
             daemon off;
             pid {directory}/nginx.pid;
             error_log stderr notice;
             events {{}}
             http {{
                 access_log off;
                 client_body_temp_path {directory}/body;
                 proxy_temp_path {directory}/proxy;
                 fastcgi_temp_path {directory}/fastcgi;
                 scgi_temp_path {directory}/scgi;
                 uwsgi_temp_path {directory}/uwsgi;
                 include {directory}/grpcweb.conf;
             }}"
        );
        let main = site.write("nginx.conf", &main)?;
        let program = std::env::var_os("NGINX").unwrap_or_else(|| "nginx".into());
        let mut command = Command::new(program);
        command.arg("-p").arg(site.directory()).arg("-c").arg(main);
        command.args(["-e", "stderr"]);
        let mut process = Process::start("nginx", &mut command)?;
        process.says(WORKER_STARTED, WORKERS).await?;
        Ok(Self {
            process,
            without: without.clone(),
        })
    }

    pub(super) async fn send_to(
        &mut self,
        site: &Site,
        replicas: &[SocketAddr],
    ) -> Result<(), Fault> {
        site.write("grpcweb.conf", &file(site, replicas, &self.without)?)?;
        let started = self.process.count(WORKER_STARTED);
        self.process.signal(Signal::HUP)?;
        self.process.says(WORKER_STARTED, started + WORKERS).await
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
fn file(site: &Site, replicas: &[SocketAddr], without: &Without) -> Result<String, Fault> {
    let Site { ip, .. } = site;
    let directory = site.directory().display();
    let text = without.cut(FILE)?;
    let text = replace(&text, "listen 80;", &format!("listen {ip}:8080;"), 1)?;
    let text = replace(
        &text,
        "    listen 443 ",
        &format!("    listen {ip}:8443 "),
        1,
    )?;
    let text = replace(&text, "listen 8081 ", &format!("listen {ip}:8081 "), 1)?;
    let text = replace(&text, "/etc/nginx/tls/", &format!("{directory}/"), 2)?;
    let servers = |parameters: &str| {
        let server = |address| format!("    server {address}{parameters};\n");
        replicas.iter().map(server).collect::<String>()
    };
    // All servers of an upstream in the place of its first.
    let mut lines = String::new();
    for line in text.lines() {
        match line.trim().strip_prefix("server 10.0.0.1:8080") {
            Some(parameters) => lines += &servers(parameters.trim_end_matches(';')),
            None if line.trim().starts_with("server 10.0.0.") => {}
            None => {
                lines += line;
                lines.push('\n');
            }
        }
    }
    Ok(lines)
}
