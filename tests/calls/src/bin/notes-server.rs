//! The notes, in a process that a test starts and ends: `notes-server ADDRESS`, or on a socket handed over.
//!
//! Writes its address, then what became of it.

use std::io::Write as _;

use calls::MyNotes;
use calls::proto::calls::notes_server::NotesServer;
use grpcweb_runtime::Router;
use grpcweb_runtime::server::listener_from_env_or;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_default();
    let listener = listener_from_env_or(&address).await?;
    let router = Router::new().add_service(NotesServer::new(MyNotes::default()));
    let address = listener.local_addr()?;
    let server = grpcweb_runtime::serve(listener, router)
        .with_shutdown_signals()
        .on_shutdown(|| tell("ending"));
    // The signals are listened for already.
    tell(&address.to_string());
    server.await?;
    tell("ended");
    Ok(())
}

fn tell(what: &str) {
    let mut stdout = std::io::stdout();
    let told = writeln!(stdout, "{what}").and_then(|()| stdout.flush());
    told.expect("a test that reads");
}
