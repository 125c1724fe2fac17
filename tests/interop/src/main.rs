//! Serves the standard interoperability tests: see `--help`.

use std::error::Error;
use std::future::IntoFuture as _;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments = command().get_matches();
    let port = arguments.get_one::<u16>("port").copied().unwrap_or(0);
    let tls = match (path(&arguments, "cert"), path(&arguments, "key")) {
        (Some(cert), Some(key)) => Some(interop::tls::acceptor(cert, key)?),
        _ => None,
    };

    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    println!("listening on {scheme}://{address}");

    let app = if arguments.get_flag("compress") {
        interop::compressing_app()
    } else {
        interop::app()
    };
    let server = async {
        match tls {
            Some(tls) => interop::tls::serve(listener, tls, app).await,
            None => grpcweb_runtime::serve(listener, app).into_future().await,
        }
    };
    // Not gracefully: what a client still waits for when its test is over is of no interest.
    tokio::select! {
        biased; // Listens for signals before it serves.
        told = told_to_end(arguments.get_flag("until-eof")) => told?,
        ended = server => ended?,
    }
    Ok(())
}

fn command() -> Command {
    let file = |name, help| {
        Arg::new(name)
            .long(name)
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help(help)
    };
    Command::new("interop-server")
        .about("Serves the standard interoperability tests on 127.0.0.1, and says where")
        .arg(
            Arg::new("port")
                .long("port")
                .value_name("N")
                .value_parser(value_parser!(u16))
                .help("The port; any that is free where it is 0 or not given"),
        )
        .arg(file("cert", "Certificates in PEM, for TLS").requires("key"))
        .arg(file("key", "Their key in PEM").requires("cert"))
        .arg(
            Arg::new("compress")
                .long("compress")
                .action(ArgAction::SetTrue)
                .help("Compress what is sent, for clients that accept it"),
        )
        .arg(
            Arg::new("until-eof")
                .long("until-eof")
                .action(ArgAction::SetTrue)
                .help("End where standard input does, and so together with the program that started this"),
        )
}

fn path<'a>(arguments: &'a ArgMatches, name: &str) -> Option<&'a PathBuf> {
    arguments.get_one(name)
}

/// Waits for one of the ways to end the program.
async fn told_to_end(until_eof: bool) -> std::io::Result<()> {
    tokio::select! {
        told = tokio::signal::ctrl_c() => told,
        told = terminated() => told,
        () = end_of_input(), if until_eof => Ok(()),
    }
}

#[cfg(unix)]
async fn terminated() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    signal(SignalKind::terminate())?.recv().await;
    Ok(())
}

#[cfg(not(unix))]
async fn terminated() -> std::io::Result<()> {
    std::future::pending().await
}

async fn end_of_input() {
    let (ended, end) = oneshot::channel();
    // A thread of its own: tokio's standard input would keep the program from ending by a signal.
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        // Nobody waits any more where the program ends already.
        let _ = ended.send(());
    });
    let _ = end.await;
}
