use std::path::Path;

use grpcweb_runtime::BoxError;
use grpcweb_runtime::server::ServerTls;

/// TLS with the certificate and the key of these files, read again at each SIGHUP.
pub(crate) fn reloading((certificate, key): (&Path, &Path)) -> Result<ServerTls, BoxError> {
    let tls = ServerTls::from_files(certificate, key)?;
    #[cfg(unix)]
    reload_at_hangup(tls.clone())?;
    Ok(tls)
}

#[cfg(unix)]
fn reload_at_hangup(tls: ServerTls) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut hangups = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            match tls.reload() {
                Ok(()) => tracing::info!("certificate reloaded"),
                Err(error) => tracing::error!(?error, "the old certificate stays"),
            }
        }
    });
    Ok(())
}
