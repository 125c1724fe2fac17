//! One call, in a process whose environment a test sets: `call URI [http2] [no-proxy] [ca=FILE]`.
//!
//! Writes the text of the reply, or the status.

use calls::note;
use calls::proto::calls::notes_client::NotesClient;
use grpcweb_runtime::Channel;

#[tokio::main]
async fn main() {
    println!("{}", call().await);
}

async fn call() -> String {
    let mut arguments = std::env::args().skip(1);
    let uri = arguments.next().unwrap_or_default();
    let mut builder = Channel::builder();
    for argument in arguments {
        builder = match argument.split_once('=') {
            None if argument == "http2" => builder.http2_prior_knowledge(),
            None if argument == "no-proxy" => builder.no_proxy(),
            Some(("ca", file)) => builder.ca_certificate(std::fs::read(file).expect("a file")),
            _ => return format!("{argument:?} is no argument of this program"),
        };
    }
    let client = match builder.build(&uri) {
        Ok(channel) => NotesClient::new(channel),
        Err(error) => return format!("not built: {error}"),
    };
    match client.echo(note("through")).await {
        Ok(reply) => reply.into_inner().text,
        Err(status) => status.to_string(),
    }
}
